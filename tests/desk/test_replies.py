"""Saved replies: who keeps and uses which, what their variables become, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.models import SavedReply
from deskbell.tickets.variables import fill_in
from tests.desk.conftest import World

KEY = "abcdefghijklmnop1234"
VPN = {"name": "VPN", "text": "Hello {{customer.first_name}}, try again.", "scope": "personal", "then": ""}


def keep(client: Client, **given: Any) -> Any:
    return client.post("/desk/replies/new/", {**VPN, **given})


def names(client: Client) -> str:
    return client.get("/desk/replies/").content.decode()


def test_a_reply_is_saved_found_filled_in_and_counted(world: World, desk: Client) -> None:
    assert keep(desk, text="Hello {{customer.first_name}},\r\nit is {{ ticket.number }}.", then="pending")
    reply, ticket = SavedReply.objects.get(), world.ticket()
    offered = desk.get(reverse("desk:replies-offered", args=[ticket.number]), {"q": "vp"}).content.decode()
    assert f"Hello Eva,\nit is #{ticket.number}." in offered
    answer = desk.post(reverse("desk:reply-use", args=[ticket.number, reply.pk]))
    assert answer.json() == {"text": f"Hello Eva,\nit is #{ticket.number}.", "then": "pending"}
    reply.refresh_from_db()
    assert reply.used == 1


def test_the_most_used_stands_first_and_words_narrow(world: World, desk: Client) -> None:
    for name, used in (("Alpha", 1), ("Beta", 5), ("Gamma", 3)):
        keep(desk, name=name, text=f"text of {name}")
        SavedReply.objects.filter(name=name).update(used=used)
    address = reverse("desk:replies-offered", args=[world.ticket().number])
    page = desk.get(address).content.decode()
    assert page.index("Beta") < page.index("Gamma") < page.index("Alpha")
    narrowed = desk.get(address, {"q": "text gam"}).content.decode()
    assert "Gamma" in narrowed and "Beta" not in narrowed
    assert "No saved reply has these words." in desk.get(address, {"q": "zebra"}).content.decode()


def test_variables_are_filled_in_once_and_empty_ones_leave_no_gap(world: World) -> None:
    company = people.create_organization("Fjord {{agent.name}} AS")
    nobody = people.create_person(name="", how="phone", by=world.agent)
    ticket = world.ticket("A {{ticket.number}}\n b", requester=nobody)
    text = "Hello {{customer.name}}, {{ticket.subject}} for {{organization.name}}. {{agent.name}}"
    assert fill_in(text, ticket, world.agent) == "Hello, A {{ticket.number}} b for. Mara"
    ticket.organization = company
    assert "for Fjord {{agent.name}} AS. Mara" in fill_in(text, ticket, world.agent)


@pytest.mark.parametrize(
    "text", ["{{secret}}", "{{ ticket.requester.email }}", "{{}}", "{{customer.name|safe}}"]
)
def test_an_unknown_variable_is_refused_with_a_sentence(world: World, desk: Client, text: str) -> None:
    response = keep(desk, text=f"Hello {text}")
    assert response.status_code == 422
    assert "Not a variable:" in response.content.decode()
    assert not SavedReply.objects.exists()
    assert not Event.objects.filter(kind="reply.added").exists()


def test_a_name_is_taken_once_within_its_scope(world: World, desk: Client) -> None:
    keep(desk)
    taken = keep(desk, name="vpn")
    assert taken.status_code == 422
    assert "There is a reply of this name already." in taken.content.decode()
    assert SavedReply.objects.count() == 1
    actions.add_saved_reply(by=world.colleague, name="VPN", text="his own")
    assert SavedReply.objects.count() == 2


def test_a_double_click_saves_one(world: World, desk: Client) -> None:
    assert keep(desk, once=KEY).status_code == 302
    assert keep(desk, once=KEY).status_code == 302
    assert SavedReply.objects.count() == 1


def test_one_sees_ones_own_ones_teams_and_everyones(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    actions.add_saved_reply(by=world.agent, name="Only Mara", text="x")
    actions.add_saved_reply(by=world.networker, name="Of Network", text="x", personal=False, team=world.team)
    actions.add_saved_reply(by=world.admin, name="Of all", text="x", personal=False)
    seen = {
        who: [name for name in ("Only Mara", "Of Network", "Of all") if name in names(sign_in(user))]
        for who, user in (("agent", world.agent), ("networker", world.networker), ("admin", world.admin))
    }
    assert seen == {
        "agent": ["Only Mara", "Of all"],
        "networker": ["Of Network", "Of all"],
        "admin": ["Of Network", "Of all"],
    }
    mine = SavedReply.objects.get(name="Only Mara")
    assert sign_in(world.networker).get(f"/desk/replies/{mine.pk}/").status_code == 404
    number = world.ticket(team=world.team).number
    use = reverse("desk:reply-use", args=[number, mine.pk])
    assert sign_in(world.networker).post(use).status_code == 404


def test_teams_and_everyones_are_kept_by_those_who_may(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    assert keep(desk, scope="everyone").status_code == 422
    assert keep(desk, scope=f"team:{world.team.pk}").status_code == 422
    assert not SavedReply.objects.exists()
    assert keep(sign_in(world.networker), scope=f"team:{world.team.pk}").status_code == 302
    assert keep(sign_in(world.admin), scope="everyone").status_code == 302
    assert list(SavedReply.objects.order_by("pk").values_list("owner", "team")) == [
        (None, world.team.pk),
        (None, None),
    ]
    everyones = SavedReply.objects.get(team=None)
    address = f"/desk/replies/{everyones.pk}/"
    assert desk.get(address).status_code == 403
    assert desk.post(address, {**VPN, "text": "mine now"}).status_code == 403
    assert desk.post(f"{address}removal/").status_code == 403
    everyones.refresh_from_db()
    assert everyones.text == VPN["text"]


def test_one_changes_and_removes_ones_own(world: World, desk: Client) -> None:
    keep(desk)
    reply = SavedReply.objects.get()
    address = f"/desk/replies/{reply.pk}/"
    assert "Hello {{customer.first_name}}, try again.</textarea>" in desk.get(address).content.decode()
    assert desk.post(address, {**VPN, "text": "Other words"}).status_code == 302
    assert desk.post(f"{address}removal/").status_code == 302
    assert desk.post(f"{address}removal/").status_code == 302
    assert not SavedReply.objects.exists()
    kinds = Event.objects.filter(about_kind="savedreply").order_by("pk").values_list("kind", "data__name")
    assert list(kinds) == [("reply.added", "VPN"), ("reply.changed", "VPN"), ("reply.removed", "VPN")]


def test_the_signature_is_kept_and_shown_below_the_composer(world: World, desk: Client) -> None:
    response = desk.post("/desk/me/", {"signature": "**Mara**\r\nService desk"})
    assert response.status_code == 302
    world.agent.refresh_from_db()
    assert world.agent.signature == "**Mara**\nService desk"
    assert Event.objects.filter(kind="user.changed", data__fields=["signature"]).count() == 1
    page = desk.get(world.ticket().get_absolute_url()).content.decode()
    assert "Your signature goes below it: Mara · Service desk" in page
    assert desk.post("/desk/me/", {"signature": "x" * 2001}).status_code == 422
