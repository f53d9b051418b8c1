from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

from deskbell.people import devices
from deskbell.people.reader import reading


class DeviceMiddleware:
    """Knows the device of whoever is signed in (`people.devices`)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            devices.meet(request, request.user)
        response = self.get_response(request)
        devices.follow(request, response)
        return response


class ReaderMiddleware:
    """Words in the reader's language and times in his zone; sign-out of people who were deactivated."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language, zone = "", ""
        if settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated:
            language, zone = request.user.language, request.user.time_zone
        with reading(language=language or _asked(request), time_zone=zone) as spoken:
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", spoken)
        return response


def _asked(request: HttpRequest) -> str:
    """The first language the browser asks for that we speak; empty when we speak none of them."""
    for wanted, _weight in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if wanted == "*":
            return ""
        try:
            return translation.get_supported_language_variant(wanted)
        except LookupError:
            continue
    return ""
