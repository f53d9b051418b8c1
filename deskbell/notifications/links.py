"""Addresses of pages, for mails. Faces stand above this area, so routes are named, not imported."""

from __future__ import annotations

from django.conf import settings
from django.urls import reverse

from deskbell.people.actions import invitation_token
from deskbell.people.models import Invitation, User
from deskbell.people.rights import rights_of
from deskbell.tickets.models import Ticket


def of_ticket(ticket: Ticket, reader: User) -> str:
    """The ticket's page on the desk or in the portal, as `reader` works here or not."""
    face = "desk" if rights_of(reader).staff else "portal"
    return settings.BASE_URL + reverse(f"{face}:ticket", args=[ticket.number])


def of_invitation(invitation: Invitation) -> str:
    """The page on which the invited person chooses a password."""
    return settings.BASE_URL + reverse("account_invitation", args=[invitation_token(invitation)])
