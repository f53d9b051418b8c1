"""Who am I, and the small lists of the desk: queues, statuses, types, teams."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from deskbell.api import choices, shapes
from deskbell.api.access import caller
from deskbell.people.models import Team
from deskbell.people.rights import rights_of
from deskbell.tickets import present
from deskbell.tickets.models import Status, TicketType

router = Router(tags=["Desk"])


@router.get("/me", response=shapes.Me, summary="Who the token stands for and what he may do")
def me(request: HttpRequest) -> dict[str, Any]:
    user = caller(request)
    grants = user.grants.select_related("role", "team").order_by("role__slug", "team__name")
    token = request.auth  # type: ignore[attr-defined]
    return {
        "user": present.person(user),
        "roles": [
            {"role": grant.role.slug, "team": present.team(grant.team) if grant.team else None}
            for grant in grants
        ],
        "permissions": sorted({name for grant in rights_of(user).grants for name in grant.role.permissions}),
        "token": {"name": token.name, "read_only": token.read_only},
    }


@router.get("/queues", response=shapes.Page[shapes.Queue], summary="Queues one may use")
def queues(request: HttpRequest) -> dict[str, Any]:
    return _whole([present.queue(row) for row in choices.queues(caller(request))])


@router.get("/statuses", response=shapes.Page[shapes.Status], summary="Statuses in their order")
def statuses(request: HttpRequest) -> dict[str, Any]:
    rows = Status.objects.filter(active=True).order_by("position", "pk")
    return _whole([present.status(row) for row in rows])


@router.get("/types", response=shapes.Page[shapes.TicketType], summary="Types of tickets")
def types(request: HttpRequest) -> dict[str, Any]:
    rows = TicketType.objects.filter(active=True).order_by("position", "pk")
    return _whole([present.ticket_type(row) for row in rows])


@router.get("/teams", response=shapes.Page[shapes.Named], summary="Teams, for those who work at the desk")
def teams(request: HttpRequest) -> dict[str, Any]:
    rows = (
        Team.objects.filter(active=True).order_by("name")
        if rights_of(caller(request)).staff
        else Team.objects.none()
    )
    return _whole([present.team(row) for row in rows])


def _whole(items: list[dict[str, Any]]) -> dict[str, Any]:
    """A list short enough for one page."""
    return {"items": items, "next": None}
