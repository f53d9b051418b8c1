"""An administrator takes a lost second factor away."""

from __future__ import annotations

from django.test import Client

from deskbell.events.models import Event
from deskbell.people import actions, second_factor
from deskbell.people.models import Role
from tests.account.test_second_factor import with_factor
from tests.setup.conftest import page
from tests.stories import staff


def reset(client: Client, pk: int) -> str:
    return client.post(f"/setup/people/{pk}/second-factor/removal/").headers["Location"]


def test_a_lost_one_is_reset_and_noted(web, owner):
    somebody = staff("agent", name="Mira")
    assert "Reset the second factor" not in page(web, f"/setup/people/{somebody.pk}/")
    with_factor(somebody)
    assert "Reset the second factor" in page(web, f"/setup/people/{somebody.pk}/")
    for _ in range(2):  # a second click finds it gone
        assert reset(web, somebody.pk) == f"/setup/people/{somebody.pk}/"
    assert not second_factor.has(somebody)
    event = Event.objects.get(kind="user.second_factor_reset")
    assert (event.actor_id, event.about_id) == (owner.pk, somebody.pk)


def test_one_confirms_who_one_is_first(web, owner):
    somebody = staff("agent")
    with_factor(somebody)
    actions.set_password(owner, "a long enough secret", how="made", by=owner)
    web.force_login(owner)
    there = reset(web, somebody.pk)
    assert there.startswith("/account/reauthenticate/?next=")
    assert second_factor.has(somebody)
    web.post(there, {"password": "a long enough secret"})
    assert not second_factor.has(somebody)


def test_nobody_resets_that_of_somebody_who_may_do_more_or_his_own(client, owner):
    admin = staff("admin")
    for somebody in (owner, admin):
        with_factor(somebody)
    client.force_login(admin)
    client.post(
        "/account/reauthenticate/code/", {"code": second_factor.recovery_codes(admin).generate_codes()[0]}
    )
    for somebody in (owner, admin):
        assert "Reset the second factor" not in page(client, f"/setup/people/{somebody.pk}/")
        assert reset(client, somebody.pk) == f"/setup/people/{somebody.pk}/"
        assert second_factor.has(somebody)
    assert not Event.objects.filter(kind="user.second_factor_reset").exists()


def test_an_administrator_sees_who_still_has_to_set_one_up(web):
    somebody = staff("agent")
    Role.objects.filter(slug="agent").update(needs_second_factor=True)
    assert "asked for, not set up" in page(web, f"/setup/people/{somebody.pk}/")
