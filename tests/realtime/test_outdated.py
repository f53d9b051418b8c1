"""A token that was made before rights changed opens no stream, also where nobody listened then."""

from __future__ import annotations

import asyncio
import time

import psycopg

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.realtime.ended import lately
from deskbell.realtime.hub import Hub, Subscription
from tests.realtime.conftest import Ear
from tests.stories import customer


def test_a_notice_of_rights_refuses_older_tokens_of_its_topic_and_no_others() -> None:
    hub = Hub()
    before = time.time() - 1
    hub._deliver('{"topics": ["role:7"], "kind": "rights.changed"}')
    hub._deliver('{"topics": ["all"], "kind": "ticket.opened"}')
    having, other = Subscription(1, ["all", "role:7"]), Subscription(2, ["all", "role:8"])
    assert hub.outdated(having, before)
    assert not hub.outdated(having, time.time() + 1)
    assert not hub.outdated(other, before)


def test_what_changed_while_nobody_listened_is_found(ear: Ear) -> None:
    from deskbell.people import seed

    seed.ensure()
    person, moved, renamed = customer(), customer(), customer()
    helper = people.create_role("Helper", scope="all", permissions=["ticket.reply"], by=SYSTEM)
    people.grant(person, helper.slug)
    company = people.create_organization("Acme")
    people.change_person(moved, organization=company, by=SYSTEM)
    people.change_person(renamed, name="Other", by=SYSTEM)
    values = {"name": "Helper", "needs_second_factor": False, "version": 1, "permissions": []}
    people.change_role(helper, scope="assigned", by=SYSTEM, **values)

    async def found() -> set[str]:
        async with await psycopg.AsyncConnection.connect(ear.listener.info.dsn, password=PASSWORD) as mine:
            return set(await lately(mine, 300))

    PASSWORD = ear.listener.info.password
    assert asyncio.run(found()) == {f"user:{person.pk}", f"user:{moved.pk}", f"role:{helper.pk}"}
    assert User.objects.count() == 3
