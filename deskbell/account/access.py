"""Who comes in: whoever is signed in, to his own pages. Nothing here is kept by a browser."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.views.decorators.cache import never_cache

from deskbell.people.models import User

View = Callable[..., HttpResponseBase]


class Request(HttpRequest):
    """What a view behind `own` gets."""

    user: User


def own(view: View) -> View:
    """Only for whoever is signed in; others sign in and come back, from a form to the profile."""

    @wraps(view)
    @never_cache
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            safe = request.method in {"GET", "HEAD"}
            return redirect_to_login(request.get_full_path() if safe else reverse("account_profile"))
        return view(request, *args, **kwargs)

    return guarded
