"""Only people who can work on a ticket are offered and taken as its assignee; who has it already keeps it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Role
from deskbell.tickets import actions
from deskbell.tickets.models import Ticket
from tests.desk.conftest import World


def offered(page: str, name: str) -> bool:
    return f">{name}</option>" in page


def test_an_auditor_is_offered_nowhere(world: World, desk: Client, sign_in) -> None:
    ticket = world.ticket(assignee=world.colleague, by=SYSTEM)
    for address in (ticket.get_absolute_url(), reverse("desk:new"), reverse("desk:list")):
        page = desk.get(address).content.decode()
        assert offered(page, "Tom"), address
        assert not offered(page, "Ada"), address
    page = sign_in(world.admin).get(reverse("setup:deactivation", args=[world.colleague.pk])).content.decode()
    assert (offered(page, "Mara"), offered(page, "Ada")) == (True, False)


def test_an_auditor_is_taken_by_no_form(world: World, desk: Client) -> None:
    ticket = world.ticket()
    desk.post(reverse("desk:property", args=[ticket.number, "assignee"]), {"value": world.auditor.pk})
    desk.post(
        reverse("desk:bulk-begin"), {"tickets": [ticket.number], "change": f"assign:{world.auditor.pk}"}
    )
    for refused in (
        lambda: actions.assign(ticket, world.auditor, by=world.agent),
        lambda: world.ticket(assignee=world.auditor, by=SYSTEM),
    ):
        with pytest.raises(actions.NotStaff):
            refused()
    assert not Ticket.objects.filter(assignee=world.auditor).exists()


def test_an_api_call_for_an_auditor_is_refused(world: World, client: Client) -> None:
    ticket = world.ticket()
    answer = client.patch(
        f"/api/v1/tickets/{ticket.number}",
        {"assignee": world.auditor.pk},
        content_type="application/json",
        headers={"Authorization": f"Bearer {people.create_token(world.agent, name='t')}"},
    )
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "assignee")
    ticket.refresh_from_db()
    assert ticket.assignee is None


def test_who_has_a_ticket_keeps_it_and_its_name_when_his_role_changes(world: World, desk: Client) -> None:
    ticket = world.ticket(assignee=world.colleague, by=SYSTEM)
    world.colleague.grants.filter(role__slug="agent").update(role=Role.objects.get(slug="auditor"))
    page = desk.get(ticket.get_absolute_url()).content.decode()
    assert " selected>Tom</option>" in page
    desk.post(reverse("desk:property", args=[ticket.number, "priority"]), {"value": 4})
    ticket.refresh_from_db()
    assert (ticket.assignee, ticket.priority) == (world.colleague, 4)
