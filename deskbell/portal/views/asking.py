"""Asking without an account."""

from __future__ import annotations

import logging

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.channels.models import InboundItem
from deskbell.channels.webform.limits import TooMuch
from deskbell.files.actions import TooBig
from deskbell.kit.once import accepted
from deskbell.portal import guests
from deskbell.portal.forms import GuestForm
from deskbell.portal.policy import guests_welcome
from deskbell.portal.words import QUEUES
from deskbell.tickets.posting import Refused

log = logging.getLogger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ask(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("portal:new")
    if not guests_welcome():
        messages.info(request, _("Please sign in, or create an account, to open a ticket."))
        return redirect("home")
    if request.method != "POST":
        return _page(request, GuestForm(), guests.Stamp.new())
    form = GuestForm(request.POST)
    if not form.is_valid():
        return _refused(request, form)
    try:
        reference = guests.send(request, form.cleaned_data)
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return _refused(request, form)
    return accepted(redirect("portal:asked", token=guests.receipt_token(reference)), request)


def _refused(request: HttpRequest, form: GuestForm) -> HttpResponse:
    """The same page with all that was typed and uploaded, and a new chance."""
    stamp = guests.Stamp.new(guests.began(request))
    uploads = guests.for_next_try(request)
    return _page(request, form, stamp, uploads=uploads, status=422)


def _page(
    request: HttpRequest,
    form: GuestForm,
    stamp: guests.Stamp,
    *,
    uploads: list[dict] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "stamp": stamp,
        "sentences": QUEUES,
        "uploads": uploads or [],
        "limit": settings.GUEST_UPLOAD_LIMIT,
    }
    return render(request, "portal/ask.html", context, status=status)


@require_POST
def ask_files(request: HttpRequest) -> JsonResponse:
    """Keep one file until its form is sent: `{id, filename, content_type, size}`, or `{detail}`."""
    file = request.FILES.get("file")
    if request.user.is_authenticated or not guests_welcome():
        return JsonResponse({"detail": _("This form is not for you. Load the page again.")}, status=403)
    if file is None:
        return JsonResponse({"detail": _("There was no file in this upload.")}, status=422)
    try:
        return JsonResponse(guests.keep(file, request), status=201)
    except TooBig:
        return JsonResponse({"detail": guests.too_big()}, status=413)
    except TooMuch as error:
        return JsonResponse({"detail": guests.too_much(error)}, status=429)
    except OSError:
        log.exception("a file could not be stored")
        detail = _("The server could not store the file. Try again later, or tell us without it.")
        return JsonResponse({"detail": detail}, status=507)


@require_safe
@never_cache
def asked(request: HttpRequest, token: str) -> HttpResponse:
    """The receipt. It tells what was sent, never what became of it: that goes to the address."""
    reference = guests.reference_of(token)
    if reference is None:
        raise Http404
    item = InboundItem.objects.only("envelope_from").filter(external_id=reference).first()
    if item is None:
        raise Http404
    return render(request, "portal/asked.html", {"reference": reference, "email": item.envelope_from})
