"""Colours, logo and icon of the company, for everybody: the sign-in page shows them too.

Addresses carry the company's version, so that a browser may keep each for ever and yet sees a change at once.
"""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from deskbell.files.models import Blob
from deskbell.kit.colour import shades
from deskbell.people.models import Company
from deskbell.people.queries import company

YEAR = 365 * 24 * 3600


@require_safe
def colours(request: HttpRequest) -> HttpResponse:
    """The style sheet that puts the company's accent in place of ours; 404 when none was picked."""
    desk = company()
    if not desk.accent:
        raise Http404
    return _kept(
        request, desk, HttpResponse(shades(desk.accent).css(), content_type="text/css; charset=utf-8")
    )


@require_safe
def logo(request: HttpRequest) -> HttpResponse:
    return _picture(request, company().logo_id)


@require_safe
def icon(request: HttpRequest) -> HttpResponse:
    return _picture(request, company().icon_id)


def _picture(request: HttpRequest, pk: int | None) -> HttpResponse:
    blob = Blob.objects.filter(pk=pk).first() if pk else None
    if blob is None:
        raise Http404
    return _kept(request, company(), HttpResponse(blob.path.read_bytes(), content_type=blob.content_type))


def _kept(request: HttpRequest, desk: Company, response: HttpResponse) -> HttpResponse:
    """Kept for a year at the address of the present version, asked for each time at any other."""
    present = request.GET.get("v") == str(desk.version)
    response["Cache-Control"] = f"public, max-age={YEAR}, immutable" if present else "no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    return response
