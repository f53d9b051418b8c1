"""Addresses of pages, for mails. Faces stand above this area, so routes are named, not imported."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from deskbell.people import permissions
from deskbell.people.actions import invitation_token
from deskbell.people.models import Invitation, MembershipRequest, User
from deskbell.people.rights import rights_of
from deskbell.tickets.actions import passes
from deskbell.tickets.models import Ticket


def of_ticket(ticket: Ticket, reader: User) -> str:
    """The ticket's page on the desk or in the portal, as `reader` works here or not; for a customer without
    a password one that needs no sign-in.
    """
    if passes.may_have_pass(reader, ticket):
        token = passes.make_pass(ticket, reader)
        return settings.BASE_URL + reverse("portal:link:enter", args=[token])
    face = "desk" if rights_of(reader).staff else "portal"
    return settings.BASE_URL + reverse(f"{face}:ticket", args=[ticket.number])


def of_page(ticket: Ticket) -> str:
    """The ticket's page in the portal, behind the sign-in."""
    return settings.BASE_URL + reverse("portal:ticket", args=[ticket.number])


def of_invitation(invitation: Invitation) -> str:
    """The page on which the invited person chooses a password."""
    return settings.BASE_URL + reverse("account_invitation", args=[invitation_token(invitation)])


def of_request(asked: MembershipRequest, reader: User) -> str:
    """Where `reader` decides whether somebody belongs to the organisation."""
    if rights_of(reader).has(permissions.SETUP):
        return settings.BASE_URL + reverse("setup:organization", args=[asked.organization_id])
    return settings.BASE_URL + reverse("portal:organization")


def of_portal() -> str:
    """A customer's own tickets."""
    return settings.BASE_URL + reverse("portal:tickets")
