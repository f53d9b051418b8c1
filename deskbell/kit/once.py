"""Keys that let a form be accepted once, and tell the browser when it may forget what was typed."""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.http import HttpRequest, HttpResponse

#: read and removed by kit/js/keep.js
COOKIE = "deskbell_accepted"
FIELD = "once"
_KEY = re.compile(r"[A-Za-z0-9_-]{16,40}")


def new_key() -> str:
    """A fresh key for one rendering of a form; it goes into the hidden field `once`."""
    return secrets.token_urlsafe(16)


def key_of(request: HttpRequest) -> str:
    """The key the form was sent with, or "" when it has none of the right shape."""
    key = request.POST.get(FIELD, "")
    return key if _KEY.fullmatch(key) else ""


def accepted(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    """`response`, telling the browser that what this form held is stored and its copy may go."""
    if key := key_of(request):
        earlier = [k for k in request.COOKIES.get(COOKIE, "").split(".") if _KEY.fullmatch(k)]
        response.set_cookie(
            COOKIE,
            ".".join([*earlier[-4:], key]),
            max_age=3600,
            samesite="Lax",
            secure=settings.SESSION_COOKIE_SECURE,
        )
    return response
