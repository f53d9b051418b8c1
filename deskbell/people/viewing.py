"""A request in which somebody looks at the desk as another person sees it: he reads, and nothing is written.

`request.viewer` is who really is signed in, `request.user` whom he looks as. The rights are looked at anew in
each request. Whatever a page would write in passing is refused by the database connection, so that a page
that forgets to ask cannot write either.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from deskbell.people import actions, rules
from deskbell.people.models import User

#: in the session: whom one looks as, and until when (seconds since the epoch)
SESSION_KEY = "viewing"
MINUTES = 30
#: of the viewer himself, also while he looks
HIS_OWN = frozenset(("account_viewing_end", "account_logout"))
#: what belongs to the person alone: account, secrets, streams, tokens; not the faces on every page
PRIVATE, FACE = ("account_", "mfa_"), "account_face"
WRITES = ("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE")
#: tables that are no part of what people write: limits, and the viewer's own session
HOUSEKEEPING = ("kit_cache", "django_session")


class OnlyLooking(PermissionDenied):
    """A page would have written something."""


def begin(request: HttpRequest, person: User, *, back: str) -> None:
    """From the next request on; whoever ends it comes `back` to that page. Raises NotAllowed."""
    assert isinstance(request.user, User)
    actions.begin_viewing(person, by=request.user, minutes=MINUTES)
    until = time.time() + MINUTES * 60
    request.session[SESSION_KEY] = {"person": person.pk, "until": until, "back": back}


def end(request: HttpRequest, viewer: User, *, why: str = "ended") -> None:
    """Twice does nothing."""
    state = request.session.pop(SESSION_KEY, None)
    person = User.objects.filter(pk=state["person"]).first() if state else None
    if person is not None:
        actions.end_viewing(person, by=viewer, why=why)


def viewed(request: HttpRequest) -> User | None:
    """Whom somebody looks as, for the bar above the page."""
    return request.user if getattr(request, "viewer", None) else None  # type: ignore[return-value]


class ViewingMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or SESSION_KEY not in request.session:
            return self.get_response(request)
        viewer = request.user
        person = _person(request, viewer) if isinstance(viewer, User) else None
        if person is None or not isinstance(viewer, User):
            return self.get_response(request)
        person.viewed_by = viewer
        request.viewer, request.user = viewer, person  # type: ignore[attr-defined]

        def refuse_writes(execute: Callable[..., Any], sql: Any, *rest: Any) -> Any:
            words = str(sql).strip()
            housekeeping = any(each in words for each in HOUSEKEEPING)
            if words.upper().startswith(WRITES) and not housekeeping and request.user is person:
                raise OnlyLooking
            return execute(sql, *rest)

        with connection.execute_wrapper(refuse_writes):
            return self.get_response(request)

    def process_view(self, request: HttpRequest, *_args: Any) -> HttpResponseBase | None:
        viewer = getattr(request, "viewer", None)
        match = request.resolver_match
        if viewer is None or match is None:
            return None
        name = match.url_name or ""
        if name in HIS_OWN:
            request.user = viewer
            if name == "account_logout" and request.method == "POST":
                end(request, viewer)
            return None
        private = (name.startswith(PRIVATE) and name != FACE) or {"live", "api"} & set(match.namespaces)
        if request.method in {"GET", "HEAD", "OPTIONS"} and not private:
            return None
        return _refusal(request)


def _person(request: HttpRequest, viewer: User) -> User | None:
    """Whom he looks as; None when that is over."""
    state = request.session[SESSION_KEY]
    person = User.objects.select_related("organization").filter(pk=state["person"]).first()
    if time.time() > state["until"]:
        end(request, viewer, why="expired")
    elif person is None or not rules.may_view_as(viewer, person):
        end(request, viewer, why="rights")
    else:
        return person
    return None


def _refusal(request: HttpRequest) -> HttpResponseBase:
    said = _("You are only looking: nothing can be changed.")
    if "live" in request.resolver_match.namespaces or "api" in request.resolver_match.namespaces:  # type: ignore[union-attr]
        return JsonResponse({"detail": said}, status=HTTPStatus.FORBIDDEN)
    return render(request, "people/only_looking.html", {}, status=HTTPStatus.FORBIDDEN)
