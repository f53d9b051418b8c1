"""Ways in which live notices may reach the wrong people, and for each a desk on which that shows.

A property test that cannot go red proves nothing: these desks are among its examples, and each break has to
be found on its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deskbell.realtime import receivers, topics
from tests.access.agreement import Asked, Given, Plan

Broken = Callable[[Any], Any]


@dataclass(frozen=True)
class Break:
    """`target` is replaced by what `by` makes of it; `plan` is where that shows."""

    target: str
    by: Broken
    plan: Plan


def _ticket(**more: Any) -> Asked:
    usual: dict[str, Any] = {
        "requester": "stranger",
        "team": None,
        "queue": 0,
        "assigned": False,
        "copied": False,
        "trashed": False,
        "merged": False,
    }
    return Asked(**{**usual, **more})


def _plan(*grants: Given, organization: bool = False, **ticket: Any) -> Plan:
    return Plan(grants, organization, (0, None, None), (_ticket(**ticket),))


def _hears_more(more: Callable[[Any], str]) -> Broken:
    return lambda right: lambda user: [*right(user), more(user)]


def _deaf_to(beginning: str) -> Broken:
    return lambda right: lambda user: [each for each in right(user) if not each.startswith(beginning)]


def _not_told(beginning: str) -> Broken:
    return lambda right: (
        lambda ticket, event: {each for each in right(ticket, event) if not each.startswith(beginning)}
    )


def _only_the_requester(right: Any) -> Any:
    return lambda ticket, event: {topics.customer(ticket["requester_id"])}


HEARING, TOLD = "tests.access.agreement.topics_of", f"{receivers.__name__}"
IN_TEAM, IN_QUEUE = Given("team", desk=True, team=0), Given("queue", desk=True, team=0)
ASSIGNED, ALL = Given("assigned", desk=True, team=None), Given("all", desk=True, team=None)
MANAGER = Given("organization", desk=False, team=None)

BREAKS = {
    "everybody hears everything": Break(HEARING, _hears_more(lambda user: topics.EVERYTHING), _plan()),
    "a team hears everything": Break(
        HEARING, _hears_more(lambda user: topics.EVERYTHING), _plan(IN_TEAM, team=1)
    ),
    "everybody hears his organisation": Break(
        HEARING,
        _hears_more(lambda user: topics.organization(user.organization_id)),
        _plan(organization=True, requester="colleague"),
    ),
    "who sees all is deaf": Break(HEARING, _deaf_to("all"), _plan(ALL)),
    "teams are deaf": Break(HEARING, _deaf_to("team:"), _plan(IN_TEAM, team=0, queue=1)),
    "queues are deaf": Break(HEARING, _deaf_to("queues-of:"), _plan(IN_QUEUE, team=1)),
    "who is put in charge is deaf": Break(HEARING, _deaf_to("mine:"), _plan(ASSIGNED, assigned=True)),
    "customers are deaf": Break(HEARING, _deaf_to("customer:"), _plan(requester="himself")),
    "managers are deaf": Break(
        HEARING, _deaf_to("org:"), _plan(MANAGER, organization=True, requester="colleague")
    ),
    "customers hear of notes": Break(
        f"{TOLD}._customers_may_know", lambda right: lambda event: True, _plan(requester="himself")
    ),
    "who is copied in is not told": Break(f"{TOLD}._customers", _only_the_requester, _plan(copied=True)),
    "teams are not told": Break(f"{TOLD}._staff", _not_told("team:"), _plan(IN_TEAM, team=0, queue=1)),
    "queues are not told": Break(f"{TOLD}._staff", _not_told("queues-of:"), _plan(IN_QUEUE, team=1)),
    "who is put in charge is not told": Break(
        f"{TOLD}._staff", _not_told("mine:"), _plan(ASSIGNED, assigned=True)
    ),
}
