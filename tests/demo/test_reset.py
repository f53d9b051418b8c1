"""The reset of the demo, which commits."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from deskbell.demo import resetting, world
from deskbell.demo.stories import STORIES
from deskbell.events.models import Event
from deskbell.people.models import Role, User
from deskbell.tickets.models import Status, Ticket
from tests.stories import staff, ticket

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_real_desk_is_refused_and_keeps_everything():
    staff("owner")
    ticket()
    before = (User.objects.count(), Ticket.objects.count(), Event.objects.count())
    with pytest.raises(resetting.NotADemo):
        resetting.reset()
    assert (User.objects.count(), Ticket.objects.count(), Event.objects.count()) == before


def test_the_demo_is_as_on_its_first_day(tmp_path, monkeypatch):
    monkeypatch.setattr(settings, "EMAIL_FILE_PATH", str(tmp_path))
    build = world.build
    monkeypatch.setattr(world, "build", lambda *, everything=False: build())  # the named tickets will do
    world.ensure()
    first, made_at = world.sign_ins(), world.made_at()
    last = Event.objects.order_by("-pk").values_list("pk", flat=True)[0]
    staff("agent", name="Somebody of the day")
    ticket(subject="Written since")
    (Path(tmp_path) / "20260101-120000-a@b.example-1.eml").write_text("Subject: old\n\nold")
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from procrastinate_jobs")
        assert cursor.fetchone()[0] > 1

    resetting.reset()

    assert world.sign_ins() == first
    assert not User.objects.filter(name="Somebody of the day").exists()
    assert Ticket.objects.count() == len(STORIES)
    assert sorted(Ticket.objects.values_list("number", flat=True)) == list(range(1001, 1001 + len(STORIES)))
    assert Role.objects.count() == 10
    assert Status.objects.count() == 13
    assert made_at is not None
    assert made_at < (world.made_at() or made_at)
    assert Event.objects.filter(pk__lte=last).count() == 0
    assert list(Path(tmp_path).glob("*.eml")) == []
    with connection.cursor() as cursor:
        cursor.execute("select task_name, status from procrastinate_jobs")
        assert cursor.fetchall() == [("events.deliver", "todo")]
