"""Wrong passwords and codes: noted for whom they are about; a limit they reach is said and reported."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _

from deskbell.kit import limits
from deskbell.people import actions
from deskbell.people.addresses import email_key, is_email
from deskbell.people.devices import visit_of


def too_often() -> str:
    return _("That was tried too often. Wait a few minutes, or sign in with a code by mail.")


def note(request: HttpRequest, given: str, *, how: str) -> None:
    """A wrong password or code (`how`, see people.telling) for the address or number (with its plus) typed,
    whether or not anybody has it. A job looks up who is meant: the answer must not take longer for people we
    know.
    """
    from deskbell.people import jobs  # app-ready: the job application exists only after set-up

    visit = visit_of(request)
    seen = {"address": visit.address, "agent": visit.agent, "how": how}
    if given.startswith("+"):
        jobs.note_failed_sign_in.defer(key=given[1:], kind="wa_id", **seen)
    elif is_email(given):
        jobs.note_failed_sign_in.defer(key=email_key(given), **seen)


def report(request: HttpRequest, limit: limits.Limit, *, account: str) -> None:
    """Whichever is full: the client's address, or else the account that was typed."""
    if limit.full_for_address(request):
        actions.note_guessing(what="address", target=limits.address_of(request))
    elif account:
        actions.note_guessing(what="account", target=account)
