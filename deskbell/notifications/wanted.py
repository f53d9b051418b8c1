"""Which notices a person may do without, and who wants one.

What the desk answers to a customer's own ticket always goes out: for many it is the only way they see the
answer, and a desk that is silent because of a forgotten tick is worse than a mail too many
(docs/decisions/0017). What concerns the safety of an account goes out too.
"""

from __future__ import annotations

from collections.abc import Iterable

from deskbell.people.models import NotificationChoice, User
from deskbell.people.rights import rights_of

Event, Way = NotificationChoice.Event, NotificationChoice.Way
#: of people at the desk
AT_THE_DESK = (Event.NEW, Event.ASSIGNED, Event.CUSTOMER_REPLIED)
#: of whoever has or follows a ticket
AS_A_CUSTOMER = (Event.RECEIVED, Event.RESOLVED, Event.COPIED, Event.COPY_REPLY)


def events_for(user: User) -> list[NotificationChoice.Event]:
    """Those that may reach `user`."""
    return [*(AT_THE_DESK if rights_of(user).staff else ()), *AS_A_CUSTOMER]


def wanting(people: Iterable[User], event: str, *, way: str = Way.EMAIL) -> list[User]:
    """Those of `people` who did not switch `event` off; all for a notice that one cannot switch off."""
    people = list(people)
    if event not in Event.values or not people:
        return people
    off = NotificationChoice.objects.filter(user__in=people, event=event, way=way, on=False)
    without = set(off.values_list("user_id", flat=True))
    return [person for person in people if person.pk not in without]


def chosen_by(user: User) -> dict[tuple[str, str], bool]:
    """(event, way) → whether `user` is told, for everything that may reach him."""
    stored = {(row.event, row.way): row.on for row in NotificationChoice.objects.filter(user=user)}
    return {(event, way): stored.get((event, way), True) for event in events_for(user) for way in Way.values}
