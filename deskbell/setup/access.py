"""Who may enter which page of the setup."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import never_cache

from deskbell.people.models import User
from deskbell.people.rights import rights_of

View = Callable[..., HttpResponseBase]


class Request(HttpRequest):
    """What a view behind `permitted` gets."""

    user: User


def permitted(*any_of: str) -> Callable[[View], View]:
    """Only with one of these permissions: 403 without; who is signed out is asked to sign in first."""

    def wrap(view: View) -> View:
        @wraps(view)
        @never_cache
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return ask_to_sign_in(request)
            if not any(rights_of(request.user).has(permission) for permission in any_of):
                raise PermissionDenied(any_of[0])
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Signing in leads back to the page; to the start of the setup when it was no page but a form."""
    back = request.get_full_path() if request.method == "GET" else "/setup/"
    return redirect_to_login(back, settings.LOGIN_URL)
