"""What this area holds on to."""

from __future__ import annotations

from django.db.models import F, QuerySet

from deskbell.events import subscribe
from deskbell.events.models import Event
from deskbell.files.keep import keeper
from deskbell.people import (
    actions,
    events,
    own_references,  # noqa: F401  its columns are in the list from now on
    own_traces,  # noqa: F401  its stores are in the list from now on
)
from deskbell.people.models import Company, User


@keeper
def logo() -> QuerySet:
    return Company.objects.filter(logo__isnull=False).annotate(blob=F("logo")).values("blob")


@keeper
def icon() -> QuerySet:
    return Company.objects.filter(icon__isnull=False).annotate(blob=F("icon")).values("blob")


@keeper
def photo() -> QuerySet:
    return User.objects.filter(photo__isnull=False).annotate(blob=F("photo")).values("blob")


@subscribe.later(events.Merged)
def gather(event: Event) -> None:
    actions.gather(event.about_id)
