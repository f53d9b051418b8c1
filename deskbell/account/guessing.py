"""A limit was reached by wrong passwords or codes: said to who typed them, and reported."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from deskbell.kit import limits
from deskbell.people import actions


def too_often() -> str:
    return _("That was tried too often. Wait a few minutes, or sign in with a code by mail.")


def report(request: HttpRequest, limit: limits.Limit, *, account: str) -> None:
    """Whichever is full: the client's address, or else the account that was typed."""
    if limit.full_for_address(request):
        actions.note_guessing(what="address", target=limits.address_of(request))
    elif account:
        actions.note_guessing(what="account", target=account)
