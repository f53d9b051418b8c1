"""The company: name, looks, addresses, and who may come in."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from deskbell.kit.colour import HEX, shades
from deskbell.kit.once import accepted
from deskbell.people import actions, permissions
from deskbell.people.queries import company as present
from deskbell.setup.access import Request, permitted
from deskbell.setup.company import CompanyForm
from deskbell.setup.pages import show


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def company(request: Request) -> HttpResponse:
    form = CompanyForm(request.POST or None, request.FILES or None, company=present())
    if form.is_valid():
        actions.change_company(by=request.user, **form.values())
        messages.success(request, _("Saved."))
        return accepted(redirect("setup:company"), request)
    return show(
        request,
        "company.html",
        {"form": form, "desk": present(), "zone": timezone.get_current_timezone_name()},
        status=422 if form.is_bound else 200,
    )


@require_safe
@permitted(permissions.SETUP)
def colours(request: Request) -> HttpResponse:
    """The style sheet of a colour that is only being tried."""
    picked = request.GET.get("accent", "")
    if not HEX.fullmatch(picked):
        return HttpResponseBadRequest()
    return HttpResponse(shades(picked).css(), content_type="text/css; charset=utf-8")
