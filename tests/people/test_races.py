"""A role is given while somebody else removes it: two connections, both orders."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions, shaping
from deskbell.people.models import Grant, Invitation, Role, User
from tests.stories import staff, team
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


class Other:
    """What somebody else does meanwhile, in a connection of its own, until it waits or is done."""

    def __init__(self, act: Callable[[], Any]) -> None:
        self.answer: Any = None
        self.thread = threading.Thread(target=self._run, args=[act])
        self.thread.start()
        until(lambda: not self.thread.is_alive() or _waits(), seconds=10, what="the other to wait")

    def _run(self, act: Callable[[], Any]) -> None:
        try:
            self.answer = act()
        except Exception as error:
            self.answer = error
        finally:
            connection.close()

    def ended(self) -> Any:
        self.thread.join(10)
        assert not self.thread.is_alive()
        return self.answer


def _waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            # pg_stat_activity stands still within a transaction
            "select exists (select from pg_locks where not granted"
            " and pg_backend_pid() = any(pg_blocking_pids(pid)))"
        )
        return bool(cursor.fetchone()[0])


@pytest.fixture
def helper() -> Iterator[Role]:
    yield actions.create_role("Helper", scope="all", permissions=["desk.enter"], by=SYSTEM)


@pytest.fixture
def owner() -> User:
    return staff("owner")


def roles_of(user: User) -> set[str]:
    return set(Grant.objects.filter(user=user).values_list("role__slug", flat=True))


def web(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def test_a_role_removed_first_is_said_and_nothing_is_given(helper, owner):
    somebody, browser = staff(), web(owner)
    before = Event.objects.filter(kind="user.rights_changed").count()
    with transaction.atomic():
        actions.remove_role(helper, by=owner)
        given = Other(
            lambda: browser.post(f"/setup/people/{somebody.pk}/grants/", {"role": "helper", "team": ""})
        )
    answer = given.ended()
    assert answer.status_code == 409, answer
    assert "was removed a moment ago. Choose another one." in answer.content.decode()
    assert roles_of(somebody) == {"customer", "agent"}
    assert Event.objects.filter(kind="user.rights_changed").count() == before
    assert not Role.objects.filter(slug="helper").exists()


def test_a_role_given_first_is_in_use_and_stays(helper, owner):
    somebody = staff()
    with transaction.atomic():
        actions.grant(somebody, "helper", by=owner)
        removed = Other(lambda: actions.remove_role(helper, by=owner))
    assert isinstance(removed.ended(), actions.RoleInUse)
    assert Grant.objects.filter(user=somebody, role=helper).exists()


def test_many_give_one_role_at_once_without_waiting(helper, owner):
    first, second = staff(), staff()
    with transaction.atomic():
        actions.grant(first, "helper", by=owner)
        given = Other(lambda: actions.grant(second, "helper", by=owner))
        assert given.ended().user == second
    assert Grant.objects.filter(role=helper).count() == 2


def test_a_team_removed_first_takes_nobody_in(owner):
    somebody, gone = staff(), team("Gone")
    with transaction.atomic():
        shaping.remove_team(gone, by=owner)
        given = Other(lambda: actions.grant(somebody, "agent", team=gone, by=owner))
    assert isinstance(given.ended(), actions.RoleGone)
    assert not Grant.objects.filter(user=somebody, team__isnull=False).exists()


def test_nobody_is_invited_to_a_role_that_was_removed(helper, owner):
    browser = web(owner)
    with transaction.atomic():
        actions.remove_role(helper, by=owner)
        one = Other(
            lambda: browser.post(
                "/setup/people/invitations/new/", {"people": "n@example.com", "role": "helper", "team": ""}
            )
        )
    assert one.ended().status_code == 409
    assert not Invitation.objects.exists()


def test_a_list_keeps_its_lines_when_its_role_was_removed(helper, owner):
    browser = web(owner)
    form = {"rows": '[["new@example.com", "Nora New", "", ""]]', "do": "send", "role": "helper", "team": ""}
    with transaction.atomic():
        actions.remove_role(helper, by=owner)
        sent = Other(lambda: browser.post("/setup/people/invitations/list/", form))
    answer = sent.ended()
    assert answer.status_code == 409
    assert "new@example.com,Nora New,," in answer.content.decode()
    assert not Invitation.objects.exists()


def test_who_accepts_an_invitation_meanwhile_gets_the_role_in_its_place(helper, owner):
    token = actions.invitation_token(actions.invite("nora@example.com", role="helper", by=owner))
    with transaction.atomic():
        actions.remove_role(helper, to=Role.objects.get(slug="auditor"), by=owner)
        accepted = Other(lambda: actions.accept_invitation(token, name="Nora", password=None))
    nora = accepted.ended()
    assert roles_of(nora) == {"customer", "auditor"}
