"""What a person may do and how far it reaches: the union of his grants, read once per request."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol

from deskbell.people import permissions
from deskbell.people.models import Grant, User


class Reachable(Protocol):
    team_id: int | None
    assignee_id: int | None
    queue_id: int


@dataclass(frozen=True)
class Reach:
    """Which tickets a permission covers."""

    everything: bool = False
    teams: frozenset[int] = frozenset()
    queues_of_teams: frozenset[int] = frozenset()
    assigned: bool = False

    @property
    def nothing(self) -> bool:
        return not (self.everything or self.teams or self.queues_of_teams or self.assigned)

    def covers(self, ticket: Reachable, user_id: int, queue_team_id: int | None = None) -> bool:
        """`queue_team_id` is the default team of the ticket's queue, for roles whose scope is a queue."""
        return (
            self.everything
            or ticket.team_id in self.teams
            or (queue_team_id is not None and queue_team_id in self.queues_of_teams)
            or (self.assigned and ticket.assignee_id == user_id)
        )


@dataclass
class Rights:
    user_id: int | None
    grants: list[Grant] = field(default_factory=list)
    #: a moment before they were read, in seconds since 1970
    read_at: float = field(default_factory=time.time)

    def has(self, permission: str) -> bool:
        """Whether any grant gives `permission`, wherever it reaches."""
        if permission == permissions.CUSTOMER_WRITE and any(
            not each.role.for_customers for each in self.grants
        ):
            return True
        return any(permission in grant.role.permissions for grant in self.grants)

    def everywhere(self, permission: str) -> bool:
        """Whether nothing of `permission` is out of reach."""
        if permission in permissions.OF_TICKETS:
            return self.reach(permission).everything
        return self.has(permission)

    def reach(self, permission: str = permissions.DESK) -> Reach:
        return self._reaches.setdefault(permission, self._reach(permission))

    def _reach(self, permission: str) -> Reach:
        everything, assigned = False, False
        teams: set[int] = set()
        queues: set[int] = set()
        for grant in self.grants:
            if permission not in grant.role.permissions:
                continue
            scope = grant.role.scope
            assigned = True  # whoever may do it anywhere may do it where he was put in charge
            # "their teams" are all teams he works in, unless the role was given in one of them
            here = {grant.team_id} if grant.team_id else self.teams
            if scope == "queue":
                queues |= here
            elif scope == "team" or (scope == "all" and grant.team_id):
                teams |= here
            elif scope == "all":
                everything = True
        return Reach(everything, frozenset(teams), frozenset(queues), assigned)

    @cached_property
    def _reaches(self) -> dict[str, Reach]:
        return {}

    @cached_property
    def staff(self) -> bool:
        return self.has(permissions.DESK)

    @cached_property
    def takes_tickets(self) -> bool:
        """Whether the person may be put in charge of a ticket (`queries.workers`)."""
        return self.staff and self.has(permissions.TICKET_REPLY)

    @cached_property
    def any(self) -> bool:
        """Whether he is permitted anything, at the desk or in its setup."""
        return any(each.role.permissions and not each.role.for_customers for each in self.grants)

    @cached_property
    def in_the_field(self) -> bool:
        """An engineer: works at the desk, but reaches only what he was put in charge of."""
        reach = self.reach()
        return self.staff and not (reach.everything or reach.teams or reach.queues_of_teams)

    @cached_property
    def whole_organization(self) -> bool:
        return any(grant.role.scope == "organization" for grant in self.grants)

    @cached_property
    def manages_organization(self) -> bool:
        """A customer manager: a read-only contact of the organisation sees as much and manages nothing."""
        return any(
            grant.role.scope == "organization" and permissions.CUSTOMER_WRITE in grant.role.permissions
            for grant in self.grants
        )

    @cached_property
    def teams(self) -> frozenset[int]:
        """The teams the person works in."""
        return frozenset(grant.team_id for grant in self.grants if grant.team_id)

    @cached_property
    def role_ids(self) -> frozenset[int]:
        return frozenset(grant.role_id for grant in self.grants)

    @cached_property
    def roles(self) -> frozenset[str]:
        return frozenset(grant.role.slug for grant in self.grants)


def rights_of(user: User) -> Rights:
    """The rights of `user`, kept on the object. Somebody signed out or inactive has none."""
    known = getattr(user, "_rights", None)
    if known is None:
        known = Rights(user.pk if user.pk else None)
        if user.pk and user.is_active:
            known.grants = list(Grant.objects.filter(user=user).select_related("role"))
        user._rights = known  # type: ignore[attr-defined]
    return known


def known_rights(user: User, grants: Iterable[Grant]) -> Rights:
    """The rights of `user` by all his `grants`, read with their roles along with other people's."""
    rights = Rights(user.pk, list(grants) if user.is_active else [])
    user._rights = rights  # type: ignore[attr-defined]
    return rights
