"""A person's devices, sign-ins and tokens on his page of the setup."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.people import actions, permissions
from deskbell.people.devices import device_of, devices_of, history_of
from deskbell.people.models import User
from deskbell.people.queries import numbers_of, tokens_of, visible_people
from deskbell.people.telling import sign_in_line
from deskbell.setup.access import Request, permitted

#: sign-ins shown; the audit trail has them all
SHOWN = 20


def account_of(request: Request, person: User) -> dict[str, Any]:
    """What `_person_account.html` shows."""
    return {
        "devices": devices_of(person),
        "this_device": device_of(request),
        "tokens": tokens_of(person),
        "numbers": numbers_of(person),
        "now": timezone.now(),
        "directory_links": list(person.directory_links.select_related("directory").order_by("pk")),
        "history": [sign_in_line(event) for event in history_of(person, limit=SHOWN)],
    }


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def device_removal(request: Request, pk: int, device_pk: int) -> HttpResponse:
    """Sign the device out: it is out with its next request."""
    person = get_object_or_404(visible_people(request.user), pk=pk)
    device = devices_of(person).filter(pk=device_pk).first()
    if device is not None:  # a second click finds it gone
        try:
            actions.revoke_device(device, by=request.user)
        except actions.NotAllowed:
            messages.error(request, _("You may not sign this person out."))
        else:
            messages.success(request, _("%(device)s is signed out.") % {"device": device.words})
    return redirect("setup:person", pk=pk)


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def number_removal(request: Request, pk: int, number_pk: int) -> HttpResponse:
    """The WhatsApp number signs the person in no more; its chats stay."""
    person = get_object_or_404(visible_people(request.user), pk=pk)
    number = numbers_of(person).filter(pk=number_pk).first()
    if number is not None:
        try:
            actions.doubt_whatsapp(person, number.key, by=request.user)
        except actions.NotAllowed:
            messages.error(request, _("You may not change how this person signs in."))
        else:
            messages.success(request, _("%(number)s signs nobody in any more.") % {"number": number.given})
    return redirect("setup:person", pk=pk)


@require_POST
@permitted(permissions.SETUP)
def token_removal(request: Request, pk: int, token_pk: int) -> HttpResponse:
    person = get_object_or_404(visible_people(request.user), pk=pk)
    token = tokens_of(person).filter(pk=token_pk).first()
    if token is not None:
        try:
            actions.revoke_token(token, by=request.user)
        except actions.NotAllowed:
            messages.error(request, _("You may not revoke this person’s tokens."))
        else:
            messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return redirect("setup:person", pk=pk)


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def directory_link_removal(request: Request, pk: int, link_pk: int) -> HttpResponse:
    """Part the account from the directory that keeps its password."""
    person = get_object_or_404(visible_people(request.user), pk=pk)
    link = person.directory_links.select_related("user", "directory").filter(pk=link_pk).first()
    if link is not None:
        try:
            actions.unlink_directory(link, by=request.user)
        except actions.NotAllowed:
            messages.error(request, _("You may not change this person’s account."))
        else:
            messages.success(
                request, _("The account is parted from “%(name)s”.") % {"name": link.directory.name}
            )
    return redirect("setup:person", pk=pk)
