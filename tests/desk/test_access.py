"""Who comes into the desk, and what the others get to read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from deskbell.people.actions import create_user
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Ticket
from tests.desk.conftest import HTMX, World

Enter = Callable[[User], Client]


def test_signed_out_goes_to_the_sign_in_page_and_back(world: World, client: Client) -> None:
    response = client.get("/desk/?box=mine")
    assert (response.status_code, response["Location"]) == (302, "/signin/?next=%2Fdesk%2F%3Fbox%3Dmine")


def test_a_signed_out_script_hears_401_so_that_nothing_typed_is_replaced(
    world: World, client: Client
) -> None:
    ticket = world.ticket()
    address = reverse("desk:messages", args=[ticket.number])
    assert client.post(address, {"text": "x"}, headers=HTMX).status_code == 401
    assert client.post("/desk/uploads/", headers={"Accept": "application/json"}).status_code == 401


def test_a_signed_out_form_comes_back_to_the_page_it_was_sent_from(world: World, client: Client) -> None:
    ticket = world.ticket()
    response = client.post(
        reverse("desk:messages", args=[ticket.number]),
        {"text": "x"},
        headers={"Referer": f"http://testserver/desk/tickets/{ticket.number}/"},
    )
    assert response["Location"] == f"/signin/?next=%2Fdesk%2Ftickets%2F{ticket.number}%2F"
    assert ticket.messages.count() == 1


def test_a_customer_is_led_to_his_own_home(world: World, sign_in: Enter) -> None:
    ticket = world.ticket()
    customer = sign_in(world.customer)
    assert customer.get("/desk/")["Location"] == "/"
    assert customer.get(ticket.get_absolute_url())["Location"] == "/"
    assert customer.post(reverse("desk:claim", args=[ticket.number])).status_code == 404
    ticket.refresh_from_db()
    assert ticket.assignee_id is None


def test_two_of_the_same_role_open_only_what_each_was_put_in_charge_of(world: World, sign_in: Enter) -> None:
    engineers = [create_user(f"{name}@desk.example", name=name, role="engineer") for name in ("Rolf", "Inga")]
    tickets = [world.ticket(), world.ticket()]
    for ticket, engineer in zip(tickets, engineers, strict=True):
        actions.assign(ticket, engineer, by=world.agent)
    seen = [
        [sign_in(engineer).get(ticket.get_absolute_url()).status_code for ticket in tickets]
        for engineer in engineers
    ]
    assert seen == [[200, 404], [404, 200]]


def test_a_ticket_out_of_reach_looks_like_one_that_is_not_there(world: World, sign_in: Enter) -> None:
    ticket = world.ticket(team=None)
    networker = sign_in(world.networker)
    assert networker.get(ticket.get_absolute_url()).status_code == 404
    message = ticket.messages.get()
    for route in ("message-html", "redaction", "note"):
        assert networker.get(reverse(f"desk:{route}", args=[message.pk])).status_code == 404


def test_staff_do_not_work_at_the_desk_on_a_ticket_they_only_asked_for(world: World, sign_in: Enter) -> None:
    ticket = world.ticket(requester=world.networker, by=world.networker)
    actions.note(ticket, Content.markdown("peculiarword"), by=world.agent)
    own = ticket.messages.order_by("pk")[0]
    networker = sign_in(world.networker)
    pages = [reverse(f"desk:{name}", args=[ticket.number]) for name in ("ticket", "newest", "older", "audit")]
    pages += [reverse("desk:around", args=[ticket.number]), reverse("desk:redaction", args=[own.pk])]
    for page in pages:
        response = networker.get(page)
        assert response.status_code == 404, page
        assert "peculiarword" not in response.content.decode()
    address = reverse("desk:messages", args=[ticket.number])
    assert networker.post(address, {"text": "x", "visibility": "internal"}).status_code == 404
    assert ticket.messages.count() == 2


def test_a_reader_sees_everything_and_can_write_nothing(world: World, sign_in: Enter) -> None:
    ticket = world.ticket()
    auditor = sign_in(world.auditor)
    page = auditor.get(ticket.get_absolute_url()).content.decode()
    assert "writing-form" not in page
    assert 'id="prop-status" name="value" autocomplete="off" disabled' in page
    posts = {
        "desk:messages": {"text": "x", "visibility": "public"},
        "desk:claim": {},
        "desk:tags": {"name": "x"},
        "desk:copies": {"email": "x@y.example"},
        "desk:spam": {},
        "desk:trash": {},
    }
    for route, given in posts.items():
        assert auditor.post(reverse(route, args=[ticket.number]), given).status_code == 403
    assert (
        auditor.post(reverse("desk:property", args=[ticket.number, "priority"]), {"value": 4}).status_code
        == 403
    )
    assert auditor.get("/desk/tickets/new/").status_code == 403
    before = (ticket.version, ticket.trashed_at, ticket.spam, ticket.updated_at)
    ticket.refresh_from_db()
    assert (ticket.version, ticket.trashed_at, ticket.spam, ticket.updated_at) == before
    assert Message.objects.count() == 1


def test_a_vanished_ticket_gives_the_typed_text_back(world: World, desk: Client) -> None:
    ticket = world.ticket()
    address = reverse("desk:messages", args=[ticket.number])
    Ticket.objects.filter(pk=ticket.pk).delete()
    page = desk.post(address, {"text": "A long answer <b>", "visibility": "public"})
    assert page.status_code == 404
    assert "A long answer &lt;b&gt;" in page.content.decode()
    part = desk.post(address, {"text": "A long answer", "visibility": "public"}, headers=HTMX)
    assert (part.status_code, part["HX-Retarget"], part["HX-Reswap"]) == (422, "#main", "innerHTML")
    assert "A long answer" in part.content.decode()


@pytest.mark.parametrize("number", [0, 999_999, 99_999_999_999_999_999_999])
def test_numbers_of_no_ticket_are_not_found(world: World, desk: Client, number: int) -> None:
    assert desk.get(f"/desk/tickets/{number}/").status_code == 404
