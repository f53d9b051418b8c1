"""Whose streams end because rights changed: of what a notice told, and of what one was too late to hear."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg

from deskbell.people import events
from deskbell.realtime import topics

OF_PEOPLE = (
    events.RightsChanged.kind,
    events.Deactivated.kind,
    events.PersonChanged.kind,
    events.SecondFactorReset.kind,
    events.Recovered.kind,
    events.Merged.kind,
    events.Unmerged.kind,
    events.TookOver.kind,
    events.GaveBack.kind,
)
OF_ROLES = (events.RoleChanged.kind, events.RoleRemoved.kind)
_RECENT = """
    select kind, about_id, data from events_event
    where kind = any(%s) and at > now() - %s * interval '1 second'
"""


def topic_of(kind: str, about: int, data: dict[str, Any]) -> str | None:
    """The topic whose listeners may hear more or less than before; None when nothing of that changed."""
    if kind == events.RoleRemoved.kind:
        return topics.role(about)
    if kind == events.RoleChanged.kind:
        shaped = data["added"] or data["removed"] or data["scope"] or data["second_factor"] is not None
        return topics.role(about) if shaped else None
    if kind == events.PersonChanged.kind and "organization" not in data["fields"]:
        return None
    return topics.person(about)


async def lately(connection: psycopg.AsyncConnection[Any], seconds: float) -> Iterator[str]:
    """The topics of what was committed in the last `seconds`."""
    rows = await connection.execute(_RECENT, [[*OF_PEOPLE, *OF_ROLES], seconds])
    found = [topic_of(*row) for row in await rows.fetchall()]
    return (topic for topic in found if topic)
