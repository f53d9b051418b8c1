"""Who comes in to the pages of those who work at the desk, whichever face they use."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers

from deskbell.people.rights import rights_of
from deskbell.tickets import rules
from deskbell.tickets.actions import TicketGone

View = Callable[..., HttpResponse]


class Gone(Exception):
    """There is no such ticket, or not for this person."""


def staff_only(
    view: View,
    *,
    sign_in: Callable[[Any, dict[str, Any]], HttpResponse],
    gone: Callable[[Any], HttpResponse],
) -> View:
    """Only for people who work at the desk; others are sent home. Refusals of the rules become 403.

    `sign_in` answers the signed out, given the request and what the address names; `gone` answers where the
    ticket is not there (any more).
    """

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return sign_in(request, kwargs)
        if not rights_of(request.user).staff:
            if request.method == "GET" and not by_script(request):
                return redirect("/")
            raise Http404
        try:
            response = view(request, *args, **kwargs)
        except rules.NotAllowed as error:
            raise PermissionDenied(error.rule) from error
        except (Gone, TicketGone):
            return gone(request)
        patch_vary_headers(response, ["HX-Request"])
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return guarded


def by_script(request: HttpRequest) -> bool:
    """Whether a script asked, for a part of a page or for JSON: it is answered by a status, not by a page."""
    return bool(request.headers.get("HX-Request")) or "json" in request.headers.get("Accept", "")
