"""Who may enter the portal: everybody who is signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django_htmx.middleware import HtmxDetails

from deskbell.people.models import User

View = Callable[..., HttpResponse]


class Request(HttpRequest):
    """What a view behind `signed_in` gets."""

    user: User
    htmx: HtmxDetails


def signed_in(view: View) -> View:
    """Asks others to sign in and come back; a script gets 401 and says so itself.

    Text of a form that came too late is still in the browser (kit/js/keep.js), on the page one comes back to.
    """

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        if request.headers.get("HX-Request") or "application/json" in request.headers.get("Accept", ""):
            return JsonResponse({"detail": _("You are signed out. Sign in and try again.")}, status=401)
        return redirect_to_login(_page(request, kwargs), settings.LOGIN_URL)

    return guarded


def _page(request: HttpRequest, kwargs: dict[str, Any]) -> str:
    """Where to come back: the page itself, or the one whose form was posted."""
    if request.method in {"GET", "HEAD"} or not request.resolver_match:
        return request.get_full_path()
    if "number" in kwargs:
        return reverse("portal:ticket", args=[kwargs["number"]])
    return reverse("portal:new" if request.resolver_match.url_name == "new" else "portal:tickets")
