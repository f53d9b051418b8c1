"""An account is closed together with what the person had in hand."""

from __future__ import annotations

import pytest
from django.test import Client

from deskbell.events.models import Event
from deskbell.people import actions
from deskbell.people.models import Invitation, User
from deskbell.tickets import actions as tickets
from deskbell.tickets.actions import leaving
from deskbell.tickets.actions.bulk import work_off
from deskbell.tickets.models import BulkChange, Draft
from tests.setup.conftest import page
from tests.stories import fresh, staff, team, ticket


def leave(web, person: User, **values) -> str:
    return web.post(f"/setup/people/{person.pk}/deactivation/", values, follow=True).content.decode()


@pytest.fixture
def ann(owner) -> User:
    """Has two open tickets, follows one, keeps a draft and a reply of her own."""
    ann = staff("admin", name="Ann")
    mine = [ticket(), ticket()]
    for each in mine:
        tickets.assign(each, ann, by=owner)
    tickets.watch(mine[0], by=ann)
    Draft.objects.create(user=ann, ticket=mine[0], kind="reply", text="Dear")
    tickets.add_saved_reply(by=ann, name="Hello", text="Hello", personal=True)
    actions.invite("later@x.example", role="agent", by=ann)
    return ann


def test_the_page_tells_what_the_person_has_in_hand(web, ann):
    text = page(web, f"/setup/people/{ann.pk}/deactivation/")
    for said in (
        "Ann is in charge of 2 open tickets.",
        "The person follows 1 open ticket",
        "1 saved reply of the person’s own is kept.",
        "1 draft is kept.",
    ):
        assert said in text


def test_tickets_go_to_a_team_and_the_account_goes_with_all_its_ways_in(web, owner, ann):
    night, mine = team("Night"), list(leaving.tickets_of(ann).order_by("pk"))
    token, browser = actions.create_token(ann, name="t"), Client()
    browser.force_login(ann, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/desk/").status_code == 200
    assert "Choose the team that gets the tickets." in leave(web, ann, tickets="team")
    assert leaving.tickets_of(ann).count() == 2
    said = leave(web, ann, tickets="team", team=night.pk)
    assert "Ann can no longer sign in. 2 tickets are handed over." in said
    assert [(fresh(each).assignee, fresh(each).team) for each in mine] == [(None, night)] * 2
    for each in mine:
        kinds = Event.objects.filter(about_kind="ticket", about_id=each.pk, actor_id=owner.pk)
        assert {"ticket.assigned", "ticket.team_changed"} <= set(kinds.values_list("kind", flat=True))
    assert Draft.objects.filter(user=ann).count() == 1
    assert Invitation.objects.get().withdrawn_at is None
    assert browser.get("/desk/").status_code == 302
    answer = Client().get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401


def test_who_comes_back_does_not_get_the_tickets_back(web, ann):
    leave(web, ann, tickets="free")
    assert "do not come back" in page(web, f"/setup/people/{ann.pk}/")
    text = web.post(f"/setup/people/{ann.pk}/reactivation/", follow=True).content.decode()
    assert "Tickets that were handed over stay where they are." in text
    assert leaving.tickets_of(ann).count() == 0


@pytest.mark.parametrize("how", ["team", "hand over", "free"])
def test_very_many_tickets_are_handed_over_by_a_job_and_can_be_taken_back(web, owner, ann, monkeypatch, how):
    monkeypatch.setattr(leaving, "AT_ONCE", 1)
    night, bea = team("Night"), staff(name="Bea")
    mine = list(leaving.tickets_of(ann).order_by("pk"))
    leave(web, ann, tickets=how, team=night.pk, to=bea.pk)
    assert not User.objects.get(pk=ann.pk).is_active
    work_off(BulkChange.objects.get().pk)
    wanted = {"team": (None, night), "hand over": (bea, mine[0].team), "free": (None, mine[0].team)}
    assert [(fresh(each).assignee, fresh(each).team) for each in mine] == [wanted[how]] * 2
    actions.reactivate(User.objects.get(pk=ann.pk), by=owner)
    tickets.undo_bulk(BulkChange.objects.get(), by=owner)
    work_off(BulkChange.objects.get().pk)
    assert [(fresh(each).assignee, fresh(each).team) for each in mine] == [(ann, mine[0].team)] * 2
