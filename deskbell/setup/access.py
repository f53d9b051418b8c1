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


def permitted(permission: str) -> Callable[[View], View]:
    """Only with `permission`: 403 without it; signed out people are asked to sign in and come back."""

    def wrap(view: View) -> View:
        @wraps(view)
        @never_cache
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return ask_to_sign_in(request)
            if not rights_of(request.user).has(permission):
                raise PermissionDenied(permission)
            return view(request, *args, **kwargs)

        return guarded

    return wrap


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """Signing in leads back to the page; to the start of the setup when it was no page but a form."""
    back = request.get_full_path() if request.method == "GET" else "/setup/"
    return redirect_to_login(back, settings.LOGIN_URL)
