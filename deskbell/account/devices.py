"""Where one is signed in, and the sign-ins of late."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from deskbell.account.access import Request, own
from deskbell.people import actions
from deskbell.people.devices import device_of, devices_of, history_of
from deskbell.people.telling import sign_in_line


@require_safe
@own
def devices(request: Request) -> HttpResponse:
    context = {
        "devices": devices_of(request.user),
        "this": device_of(request),
        "history": [sign_in_line(event) for event in history_of(request.user)],
    }
    return render(request, "account/devices.html", context)


@require_POST
@own
def device_removal(request: Request, pk: int) -> HttpResponse:
    """Sign one device out; one that is gone already is gone."""
    device = devices_of(request.user).filter(pk=pk).first()
    if device is not None:
        actions.revoke_device(device, by=request.user)
        messages.success(request, _("%(device)s is signed out.") % {"device": device.words})
    return redirect("account_devices")


@require_POST
@own
def other_devices_removal(request: Request) -> HttpResponse:
    ended = actions.revoke_devices(request.user, by=request.user, why="others", keep=device_of(request))
    said = ngettext("%(number)d device is signed out.", "%(number)d devices are signed out.", ended)
    messages.success(request, said % {"number": ended})
    return redirect("account_devices")
