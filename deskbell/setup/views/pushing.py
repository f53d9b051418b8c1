"""A mailbox to which a mail service brings what came in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.channels.actions.pushing import Push, end_push, push_of, set_push
from deskbell.channels.email.push import SERVICES, USER
from deskbell.channels.models import Channel
from deskbell.kit.once import accepted
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show


class PushForm(forms.Form):
    service = forms.ChoiceField(
        label=gettext_lazy("Mail service"), choices=[(key, one.name) for key, one in SERVICES.items()]
    )
    key = forms.CharField(
        label=gettext_lazy("Its signing key"),
        max_length=2000,
        required=False,
        help_text=gettext_lazy("By it Deskbell knows that a mail really comes from the service."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, push: Push | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.push = push
        if push:
            self.initial["service"] = push.service
            if push.key:
                self.fields["key"].widget.attrs["placeholder"] = _("Stored. Empty: it stays.")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        service = SERVICES.get(cleaned.get("service", ""))
        kept = self.push and self.push.key and self.push.service == cleaned.get("service")
        if service and service.key and not cleaned.get("key") and not kept:
            said = _("%(service)s signs what it brings. Its key is called: %(key)s.")
            self.add_error("key", said % {"service": service.name, "key": service.key_is})
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def push(request: Request, pk: int) -> HttpResponse:
    channel = _mailbox(pk)
    known = push_of(channel)
    form = PushForm(request.POST if request.method == "POST" else None, push=known)
    if form.is_bound and form.is_valid():
        values = form.cleaned_data
        set_push(channel, values["service"], key=values["key"], by=request.user)
        messages.success(request, _("Saved. Give the service the address below."))
        return accepted(redirect("setup:mailbox_push", pk), request)
    context = {
        "channel": channel,
        "form": form,
        "push": known,
        "service": SERVICES[known.service] if known else None,
        "address": _address(channel, known) if known else "",
    }
    return show(request, "mailbox_push.html", context, status=422 if form.errors else 200)


@require_POST
@permitted(permissions.SETUP)
def renewal(request: Request, pk: int) -> HttpResponse:
    """Another address; the one before is refused at once."""
    channel = _mailbox(pk)
    if known := push_of(channel):
        set_push(channel, known.service, renew=True, by=request.user)
        messages.success(request, _("The address is a new one. Give it to the service."))
    return redirect("setup:mailbox_push", pk)


@require_POST
@permitted(permissions.SETUP)
def end(request: Request, pk: int) -> HttpResponse:
    end_push(_mailbox(pk), by=request.user)
    messages.success(request, _("Nothing is taken by this address any more."))
    return redirect("setup:mailbox", pk)


def _mailbox(pk: int) -> Channel:
    return get_object_or_404(Channel, pk=pk, kind=Channel.Kind.EMAIL)


def _address(channel: Channel, push: Push) -> str:
    base = urlsplit(settings.BASE_URL)
    path = reverse("mail_push", args=[channel.uuid])
    return f"{base.scheme}://{USER}:{push.token}@{base.netloc}{base.path}{path}"
