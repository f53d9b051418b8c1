"""Who hears which notices. A topic names a reach, so that a notice goes out once for all who share it.

`desk`, `all`, `team:<id>`, `queues-of:<team id>` and `mine:<person>` are heard by staff;
`customer:<person>` and `org:<id>` by those who see only what is public; `user:<id>` by one person, about
himself; `role:<id>` by all who have the role, about what it may do; `device:<id>` by one browser, about its
end.
"""

from __future__ import annotations

from collections.abc import Iterable

from deskbell.people import second_factor
from deskbell.people.models import User
from deskbell.people.rights import rights_of
from deskbell.tickets.models import Ticket

EVERYTHING = "all"
#: what concerns all who work at the desk, whatever they reach: a number that is down
DESK = "desk"
DEVICE = "device:"


def team(pk: int) -> str:
    return f"team:{pk}"


def queues_of(team_pk: int) -> str:
    return f"queues-of:{team_pk}"


def mine(person: int) -> str:
    return f"mine:{person}"


def customer(person: int) -> str:
    return f"customer:{person}"


def organization(pk: int) -> str:
    return f"org:{pk}"


def person(pk: int) -> str:
    return f"user:{pk}"


def device(pk: int) -> str:
    return f"{DEVICE}{pk}"


def role(pk: int) -> str:
    return f"role:{pk}"


def of_staff(ticket: Ticket) -> set[str]:
    """Those of everybody who reaches `ticket` at the desk as it stands."""
    return staff_of({ticket.team_id}, {ticket.assignee_id}, {ticket.queue.team_id})


def staff_of(
    teams: Iterable[int | None], assignees: Iterable[int | None], queue_teams: Iterable[int | None]
) -> set[str]:
    """Those of everybody who reaches tickets of these teams, these people or queues of these teams."""
    return {
        EVERYTHING,
        *(team(pk) for pk in teams if pk),
        *(mine(pk) for pk in assignees if pk),
        *(queues_of(pk) for pk in queue_teams if pk),
    }


def topics_of(user: User) -> list[str]:
    """What `user` may hear, for his live token; the counterpart of `Ticket.objects.visible_to`.

    Nothing for somebody who is signed out or inactive, or who still has to set up a second factor.
    """
    if not user.pk or not user.is_active or second_factor.is_missing(user):
        return []
    rights = rights_of(user)
    reach = rights.reach()
    topics = [person(user.pk), customer(user.pk), *(role(pk) for pk in rights.role_ids)]
    if rights.whole_organization and user.organization_id:
        topics.append(organization(user.organization_id))
    if rights.staff:
        topics.append(DESK)
    if reach.everything:
        topics.append(EVERYTHING)
    else:
        topics += [team(pk) for pk in reach.teams]
        topics += [queues_of(pk) for pk in reach.queues_of_teams]
        topics += [mine(user.pk)] if reach.assigned else []
    return sorted(topics)
