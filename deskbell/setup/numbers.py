"""What the pages of all WhatsApp numbers share: name and queue, and how a number is removed."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels import actions
from deskbell.channels.actions.mailboxes import is_used
from deskbell.channels.models import Channel
from deskbell.setup.access import Request
from deskbell.setup.mailbox_forms import QueueField
from deskbell.setup.pages import show
from deskbell.tickets.models import Queue

TAKEN = gettext_lazy("This number is a channel of the desk already.")


class NumberForm(forms.Form):
    """`kind` is that of the channel; `channel` the one that is changed, if it is there already."""

    kind: str
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=100, help_text=gettext_lazy("As the desk calls it.")
    )
    queue = QueueField(
        Queue.objects.none(),
        label=gettext_lazy("Queue"),
        required=False,
        empty_label=gettext_lazy("The first one"),
        help_text=gettext_lazy("New tickets of this number go there."),
    )

    def __init__(self, *args: Any, channel: Channel | None = None, **kwargs: Any) -> None:
        self.channel = channel
        super().__init__(*args, **kwargs)
        queues = Queue.objects.filter(active=True)
        if channel is not None:
            queues |= Queue.objects.filter(pk=channel.queue_id or 0)
        cast(QueueField, self.fields["queue"]).queryset = queues.order_by("position")

    def free(self, address: str) -> str:
        """`address`, where no other channel has it. Raises ValidationError."""
        others = Channel.objects.filter(kind=self.kind, address=address)
        if others.exclude(pk=self.channel.pk if self.channel else 0).exists():
            raise forms.ValidationError(TAKEN)
        return address


def removal(request: Request, channel: Channel, *, page: str, goes: str) -> HttpResponse:
    """Asks, then removes it; `page` is the route of its own page, `goes` says what goes with it."""
    context = {"channel": channel, "used": is_used(channel), "page": page, "goes": goes}
    if request.method != "POST":
        return show(request, "whatsapp_removal.html", context)
    try:
        actions.remove_channel(channel, by=request.user)
    except actions.InUse:
        return show(request, "whatsapp_removal.html", context | {"used": True}, status=422)
    messages.success(request, _("“%(name)s” is removed.") % {"name": channel.name})
    return redirect("setup:whatsapp")
