"""What a person wants to be told of."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from deskbell.events.publish import publish
from deskbell.people import events
from deskbell.people.models import NotificationChoice, User


@transaction.atomic
def choose_notifications(user: User, wanted: Mapping[tuple[str, str], bool], *, by: User) -> None:
    """Store for each (event, way) in `wanted` whether `user` is told; others stay as they were."""
    known = {
        (row.event, row.way): row for row in NotificationChoice.objects.select_for_update().filter(user=user)
    }
    changed = False
    for (event, way), on in wanted.items():
        row = known.get((event, way))
        if (row.on if row else True) == on:
            continue
        NotificationChoice.objects.update_or_create(user=user, event=event, way=way, defaults={"on": on})
        changed = True
    if changed:
        publish(events.PersonChanged(fields=["notifications"]), about=user, by=by)
