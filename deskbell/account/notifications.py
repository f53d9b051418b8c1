"""Of what one is told, and how: a table of event × way."""

from __future__ import annotations

from collections.abc import Iterable

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deskbell.account.access import Request, own
from deskbell.notifications.wanted import AS_A_CUSTOMER, AT_THE_DESK, Event, Way, chosen_by
from deskbell.people import actions
from deskbell.people.models import NotificationChoice, User


class NotificationsForm(forms.Form):
    """One tick per event and way, on unless it was switched off."""

    def __init__(self, data: object, *, user: User) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        self.now = chosen_by(user)
        for (event, way), on in self.now.items():
            self.fields[f"{event}:{way}"] = forms.BooleanField(
                label=f"{Event(event).label}: {Way(way).label}", required=False, initial=on
            )

    def rows(self, events: Iterable[NotificationChoice.Event]) -> list[tuple[str, list[forms.BoundField]]]:
        """What the event is called, and its ticks in the order of the ways."""
        return [
            (str(event.label), [self[f"{event}:{way}"] for way in Way.values])
            for event in events
            if (event, Way.EMAIL) in self.now
        ]

    def wanted(self) -> dict[tuple[str, str], bool]:
        return {(event, way): self.cleaned_data[f"{event}:{way}"] for event, way in self.now}


@require_http_methods(["GET", "HEAD", "POST"])
@own
def notifications(request: Request) -> HttpResponse:
    form = NotificationsForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_valid():
        actions.choose_notifications(request.user, form.wanted(), by=request.user)
        messages.success(request, _("Saved."))
        return redirect("account_notifications")
    groups = [
        (_("At the desk"), form.rows(AT_THE_DESK)),
        (_("Tickets of your own"), form.rows(AS_A_CUSTOMER)),
    ]
    context = {"form": form, "groups": [group for group in groups if group[1]], "ways": Way.labels}
    return render(request, "account/notifications.html", context)
