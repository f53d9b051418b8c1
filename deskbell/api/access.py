"""Who calls: the holder of a token. A browser's session counts for nothing here."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from deskbell.api.problems import Problem
from deskbell.kit import limits
from deskbell.people import second_factor
from deskbell.people.actions import note_guessing
from deskbell.people.models import ApiToken, User
from deskbell.people.queries import holder_of_token

SAFE_METHODS = frozenset({"GET", "HEAD"})
LONGEST_TOKEN = 200


class Token(HttpBearer):
    """`deskbell token create` makes one. A read-only token refuses everything that writes."""

    def authenticate(self, request: HttpRequest, token: str) -> ApiToken | None:
        found = holder_of_token(token) if token.isascii() and len(token) <= LONGEST_TOKEN else None
        if found is None:
            if limits.TOKEN.count(request) is None:
                note_guessing(what="address", target=limits.address_of(request))
                raise Problem(429, _("Too many tries with tokens that nobody has."), name="slowed")
            return None
        request.user, row = found
        if second_factor.is_missing(request.user):
            raise Problem(
                403, _("Set up a second factor first: your role asks for it."), name="second-factor"
            )
        if row.read_only and request.method not in SAFE_METHODS:
            raise Problem(403, _("This token may only read."), name="read-only")
        return row


def caller(request: HttpRequest) -> User:
    """The person the token stands for."""
    assert isinstance(request.user, User)
    return request.user
