"""When the company is open."""

from __future__ import annotations

import zoneinfo
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from deskbell.kit.once import accepted
from deskbell.people import actions, permissions
from deskbell.people.hours import BadSpans, Hours, read_spans, written
from deskbell.people.queries import company
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show

#: days on which it is closed that are kept at most
MOST_CLOSED = 200


class SpansField(forms.CharField):
    """Times of one day; cleaned to `people.hours` spans."""

    def clean(self, value: Any) -> Any:
        try:
            return read_spans(super().clean(value))
        except BadSpans as error:
            text = _("Not understood: %(given)s. Write 09:00–12:30, 13:30–17:00, earlier times first.")
            raise ValidationError(text % {"given": error}) from error


class ClosedField(forms.CharField):
    """A day and what it is called in each line."""

    widget = forms.Textarea(attrs={"rows": 6})

    def clean(self, value: Any) -> Any:
        found: dict[date, str] = {}
        for line in filter(None, (each.strip() for each in super().clean(value).splitlines())):
            day, _space, name = line.partition(" ")
            try:
                found[date.fromisoformat(day)] = " ".join(name.split())[:100]
            except ValueError as error:
                text = _("Not a date: %(given)s. Write 2026-12-25, a space, and what the day is called.")
                raise ValidationError(text % {"given": line[:60]}) from error
        if len(found) > MOST_CLOSED:
            raise ValidationError(_("At most %(count)s days are kept.") % {"count": MOST_CLOSED})
        return found


class HoursForm(forms.Form):
    zone = forms.ChoiceField(label=gettext_lazy("Time zone"))
    closed = ClosedField(
        label=gettext_lazy("Closed on"),
        required=False,
        max_length=20_000,
        help_text=gettext_lazy("A line for each day: 2026-12-25 Christmas Day"),
    )

    def __init__(self, *args: Any, hours: Hours, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = sorted(zoneinfo.available_timezones())
        self.fields["zone"].choices = [(each, each) for each in zones]  # type: ignore[attr-defined]
        self.initial = {"zone": hours.zone.key, "closed": _lines(hours)}
        for number, name in WEEKDAYS.items():
            self.fields[f"day_{number}"] = SpansField(label=name, required=False, max_length=100)
            self.initial[f"day_{number}"] = written(hours.week[number])

    @property
    def days(self) -> list[forms.BoundField]:
        return [self[f"day_{number}"] for number in WEEKDAYS]

    def hours(self) -> Hours:
        given = self.cleaned_data
        week = tuple(given[f"day_{number}"] for number in WEEKDAYS)
        return Hours(zoneinfo.ZoneInfo(given["zone"]), week, given["closed"])


def _lines(hours: Hours) -> str:
    return "\n".join(f"{day.isoformat()} {name}".strip() for day, name in sorted(hours.closed.items()))


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def hours(request: Request) -> HttpResponse:
    known = Hours.of(company().hours, settings.TIME_ZONE)
    form = HoursForm(request.POST or None, hours=known)
    if form.is_valid():
        actions.change_company(by=request.user, hours=form.hours().plain())
        messages.success(request, _("Saved."))
        return accepted(redirect("setup:hours"), request)
    now = timezone.now()
    context = {
        "form": form,
        "hours": known,
        "open_now": known.is_open(now),
        "opens": known.next_opening(now) if known.are_set else None,
    }
    return show(request, "hours.html", context, status=422 if form.is_bound else 200)
