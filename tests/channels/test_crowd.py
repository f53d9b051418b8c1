"""Many mails at one moment, on real transactions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from deskbell.channels import actions, inbound, jobs, queries
from deskbell.channels.models import InboundItem
from deskbell.people.models import User
from deskbell.tickets.models import Message, Ticket
from tests.channels.conftest import mail, store

pytestmark = pytest.mark.django_db(transaction=True)


def receive_at_once(items: list[int], *, threads: int = 8) -> list[dict]:
    def receive(item_id: int) -> dict:
        try:
            return inbound.receive(item_id)
        finally:
            connection.close()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(receive, items))


@pytest.fixture
def box(transactional_db, settings, tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("set deskbell.reset = 'on'")  # the ledger of events lets itself be emptied afterwards
    settings.FILES_DIR = tmp_path / "files"
    settings.SUPPORT_ADDRESS = "support@desk.example"
    return actions.add_channel("email", name="Support", address="support@desk.example")


def test_one_mail_eight_times_at_once_is_one_message(box):
    items = [store(box, mail()).pk for _ in range(8)]
    answers = receive_at_once(items)
    assert sorted(answer["state"] for answer in answers) == ["duplicate"] * 7 + ["ticketed"]
    assert {answer["ticket"] for answer in answers} == {Ticket.objects.get().number}
    assert (Message.objects.count(), User.objects.count()) == (1, 1)


def test_one_item_given_to_eight_workers_is_decided_once(box):
    item = store(box, mail()).pk
    answers = receive_at_once([item] * 8)
    assert {(answer["state"], answer["message"]) for answer in answers} == {
        ("ticketed", Message.objects.get().pk)
    }


def test_the_first_mails_of_a_new_person_make_one_person(box):
    items = [store(box, mail(message_id=f"<n{n}@example.com>", subject=f"Matter {n}")).pk for n in range(8)]
    answers = receive_at_once(items)
    assert [answer["state"] for answer in answers] == ["ticketed"] * 8
    assert User.objects.get().email == "lena.hart@example.com"
    assert Ticket.objects.count() == 8


@pytest.mark.slow
def test_sixty_mails_of_twelve_people_with_repeats_add_up(box):
    raws = [
        mail(
            f"text {n}",
            sender=f"p{n % 12}@example.com",
            message_id=f"<c{n}@example.com>",
            subject=f"Matter {n}",
        )
        for n in range(60)
    ]
    items = [store(box, raw).pk for raw in raws + raws[::6]]
    receive_at_once(items)
    assert queries.totals() == {
        "received": 70,
        "waiting": 0,
        "ticketed": 60,
        "added": 0,
        "annotated": 0,
        "quarantined": 0,
        "blocked": 0,
        "duplicate": 10,
        "balanced": True,
    }
    ids = Message.objects.values_list("external_id", flat=True)
    assert sorted(ids) == sorted(f"<c{n}@example.com>" for n in range(60))


def test_items_without_a_job_get_one_again_and_only_one(box):
    from django.utils import timezone
    from procrastinate.contrib.django.models import ProcrastinateJob

    store(box, mail(message_id="<fresh@example.com>"))
    old = store(box, mail(message_id="<old@example.com>"))
    InboundItem.objects.filter(pk=old.pk).update(received_at=timezone.now() - inbound.WAITING_TOO_LONG * 2)
    jobs.sweep(0)
    jobs.sweep(60)
    waiting = ProcrastinateJob.objects.filter(task_name="channels.receive", status="todo")
    assert [job.args for job in waiting] == [{"item_id": old.pk}]
