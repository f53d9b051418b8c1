"""What holds for every page: a second factor first where a role asks for it, and 429 for who is slowed."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from allauth.account.internal.flows.password_reset_by_code import PASSWORD_RESET_VERIFICATION_SESSION_KEY
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRedirect

from deskbell.people import second_factor

#: open to somebody who still has to set up a second factor
OPEN = frozenset(
    (
        "account_logout",
        "account_passkey_new",
        "account_reauthenticate",
        "company_colours",
        "company_icon",
        "company_logo",
        "mfa_activate_totp",
        "mfa_reauthenticate",
        "readyz",
    )
)
#: errors of the library's forms that say: not so fast
SLOWED = frozenset(("rate_limited", "too_many_login_attempts"))


class SecondFactorMiddleware:
    """Whoever has a role that asks for a second factor, and none, is led to set one up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_: Any) -> HttpResponseBase | None:
        match = request.resolver_match
        assert match is not None
        if match.url_name in OPEN or "api" in match.namespaces:
            return None  # the API asks the holder of its token
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
            return None
        if getattr(request, "viewer", None):
            return None  # who only looks has shown his own
        return _lead(request) if second_factor.is_missing(request.user) else None


def _lead(request: HttpRequest) -> HttpResponseBase:
    assert request.resolver_match is not None
    there = reverse("mfa_activate_totp")
    if "live" in request.resolver_match.namespaces:
        return JsonResponse({"detail": _("Set up a second factor first.")}, status=HTTPStatus.FORBIDDEN)
    if request.headers.get("HX-Request"):
        return HttpResponseClientRedirect(there)
    if request.method == "GET":
        there += "?" + urlencode({"next": request.get_full_path()})
    return redirect(there)


class SlowedMiddleware:
    """The library says in its form, with status 200, that somebody tries too often."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_template_response(self, request: HttpRequest, response: TemplateResponse) -> TemplateResponse:
        form = (response.context_data or {}).get("form")
        errors = form.errors.as_data().values() if form is not None and form.is_bound else ()
        if any(error.code in SLOWED for found in errors for error in found):
            response.status_code = HTTPStatus.TOO_MANY_REQUESTS
        return response


class AlikeMiddleware:
    """After a code was asked for, the session says whose it is; the next pages look him up. An address that
    nobody has gets the number of nobody, so that those pages do the same work for it.
    """

    NOBODY = "0"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.session.accessed:
            self._fill(request.session, LOGIN_SESSION_KEY, "user_pk")
            self._fill(request.session, PASSWORD_RESET_VERIFICATION_SESSION_KEY, "user_id")
        return response

    def _fill(self, session: MutableMapping[str, Any], key: str, name: str) -> None:
        pending = session.get(key)
        if isinstance(pending, dict) and pending.get(name) is None:
            session[key] = {**pending, name: self.NOBODY}
