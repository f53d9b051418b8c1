"""What a program names by id, slug or label, found or refused beside its field."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from deskbell.api.problems import invalid
from deskbell.people.models import Team, User
from deskbell.people.pointers import final_id
from deskbell.people.queries import visible_people, workers
from deskbell.people.rights import rights_of
from deskbell.tickets.models import Category, Priority, Queue, Status, TicketType

M = TypeVar("M", bound=Model)


def queues(user: User) -> QuerySet[Queue]:
    """Staff may use all of them, customers those that are public."""
    rows = Queue.objects.filter(active=True).order_by("position", "pk")
    return rows if rights_of(user).staff else rows.filter(public=True)


def queue(user: User, given: int | str) -> Queue:
    named = Q(pk=given) if isinstance(given, int) else Q(slug=given) | Q(name__iexact=given)
    return _found("queue", queues(user).filter(named))


def team(given: int | str) -> Team:
    named = Q(pk=given) if isinstance(given, int) else Q(name__iexact=given)
    return _found("team", Team.objects.filter(named, active=True))


def ticket_type(given: str) -> TicketType:
    rows = TicketType.objects.filter(active=True).order_by("position")
    return _found("type", rows.filter(Q(slug=given) | Q(name__iexact=given)))


def status(given: str) -> Status:
    """By slug, else by label, else the one a category stands for."""
    rows = Status.objects.filter(active=True)
    for named in (Q(slug=given), Q(label__iexact=given), Q(category=given, default=True)):
        if row := rows.filter(named).first():
            return row
    known = ", ".join([*rows.order_by("position").values_list("slug", flat=True), *Category.values])
    raise invalid("status", _("One of: %(choices)s.") % {"choices": known})


def assignee(user: User, given: int | str) -> User:
    """Somebody who may be put in charge; `me` is oneself."""
    if given in ("me", user.pk):
        return user
    return _found("assignee", workers().filter(pk=given))


def person(user: User, given: int, field: str) -> User:
    """Somebody whom `user` may look up; who was merged stands for the one he is part of."""
    return _found(field, visible_people(user).filter(pk=final_id(given), is_active=True))


def priority(given: str) -> int:
    return int(Priority[given.upper()])


def no_custom(given: dict[str, Any]) -> None:
    """No custom field is defined on this desk, so none can be set."""
    if given:
        raise invalid(f"custom.{next(iter(given))}", _("There is no such field."))


def _found(field: str, rows: QuerySet[M]) -> M:
    if row := rows.first():
        return row
    raise invalid(field, _("There is none of that name, or it is not meant for you."))
