"""The house stands: floors of foreign keys, the list of subscribers, append-only events."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from deskbell.config.variables import VARIABLES, markdown
from deskbell.events import subscribe
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.people.events import Reactivated
from deskbell.people.models import User

ROOT = Path(__file__).parent.parent


def floors() -> dict[str, int]:
    """Area → its floor, counted from the top, as the import contract says."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {
        area.strip(" ()"): floor
        for floor, line in enumerate(contracts[0]["layers"])
        for area in line.split("|")
    }


def test_foreign_keys_point_down_or_stay_on_their_floor_area():
    floor = floors()
    upward = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models()
        if model.__module__.startswith("deskbell.")
        for field in model._meta.get_fields()
        if field.is_relation
        and field.concrete
        and field.related_model.__module__.startswith("deskbell.")
        and floor[field.related_model.__module__.split(".")[1]] <= floor[model.__module__.split(".")[1]]
        and field.related_model.__module__.split(".")[1] != model.__module__.split(".")[1]
    ]
    assert upward == []


def test_subscribers_inside_the_transaction_are_these_in_this_order():
    assert [(s.order, s.name) for s in subscribe.now_subscribers()] == [
        (50, "search.carry_messages"),
        (50, "search.forget_ticket"),
        (50, "search.index_message"),
        (50, "search.index_nobody"),
        (50, "search.index_opened"),
        (50, "search.index_ticket"),
        (60, "channels.follow_messages"),
        (90, "realtime.notify_device"),
        (90, "realtime.notify_requester"),
        (90, "realtime.notify_rights"),
        (90, "realtime.notify_ticket"),
    ]


def test_every_subscriber_has_a_name_of_its_own():
    for table in (subscribe._now, subscribe._later):
        for subscribers in table.values():
            names = [s.name for s in subscribers]
            assert len(names) == len(set(names))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    ["update events_event set kind = 'x'", "delete from events_event", "truncate events_event cascade"],
)
def test_events_cannot_be_changed(statement):
    with transaction.atomic():
        publish(Reactivated(), about=User.objects.create(name="Ada"), by=SYSTEM)
    with pytest.raises(ProgrammingError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)
    assert Event.objects.filter(kind="user.reactivated").count() == 1


@pytest.mark.django_db
def test_models_and_migrations_agree():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_variable_read_is_documented():
    sources = [path.read_text() for path in (ROOT / "deskbell").rglob("*.py") if path.name != "variables.py"]
    words = "URL DIR DEMO KEY HOSTS ADDRESS NAME LANGUAGE ZONE LIMIT WORKERS THREADS AFTER FORMAT BIN"
    words += " PROXIES UPGRADE SECONDS KEEP NAMESERVER"
    pattern = rf'"((?:DESKBELL|DATABASE|EMAIL|REDIS|PG)_(?:[A-Z]+_)*(?:{words.replace(" ", "|")}))"'
    read = set(re.findall(pattern, "\n".join(sources)))
    assert read == {variable.name for variable in VARIABLES}
    assert (ROOT / "docs/settings.md").read_text() == markdown()
