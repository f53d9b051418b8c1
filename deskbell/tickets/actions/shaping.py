"""What an administrator shapes: queues, statuses, types and tags; and what of people tickets hold on to.

Nothing in use is deleted (InUse): it is switched off. Names are unique (NameTaken).
"""

from __future__ import annotations

from typing import Any

from django.db import connection, models, transaction
from django.db.models import Max, Q
from django.utils.text import slugify

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people import permissions, shaping
from deskbell.people.models import Organization, Site, Team, User
from deskbell.people.shaping import InUse, NameTaken, apply, delete, require
from deskbell.tickets import events
from deskbell.tickets.actions.properties import clean_tag
from deskbell.tickets.models import Queue, Status, Tag, Ticket, TicketType

#: what has a place in a list that people read from above
Ordered = Queue | Status | TicketType
_CHANGED: dict[type[models.Model], type[events.Reshaped]] = {
    Queue: events.QueueShaped,
    Status: events.StatusShaped,
    TicketType: events.TypeShaped,
}
_ADDED: dict[type[models.Model], type[events.Shaped]] = {
    Queue: events.QueueAdded,
    Status: events.StatusAdded,
    TicketType: events.TypeAdded,
}
_REMOVED: dict[type[models.Model], type[events.Shaped]] = {
    Queue: events.QueueRemoved,
    Status: events.StatusRemoved,
    TicketType: events.TypeRemoved,
}


class LastPublicQueue(Exception):
    """Customers need a queue to write to."""


class CategoryFixed(Exception):
    """Tickets have, or the system sets, this status: its category stays."""


class DefaultStatus(Exception):
    """The system sets this status: make another one of its category the default first."""


def _lock_all(model: type[Any]) -> None:
    """One administrator at a time: the rules below look at more than one row."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext(%s))", [f"shaping:{model._meta.db_table}"])


def _add(row: Ordered, values: dict[str, Any], by: Actor | User) -> None:
    model = type(row)
    last = model._default_manager.aggregate(last=Max("position"))["last"]
    row.position = 0 if last is None else last + 1
    row.slug = values.pop("slug", "") or _free_slug(model, str(values.get("name") or values["label"]))
    apply(row, values)
    publish(_ADDED[model](name=str(row)), about=row, by=by)


def _free_slug(model: type[Any], name: str) -> str:
    """A slug out of the name that no other row has; a plain number for names without Latin letters."""
    stem = slugify(name)[:44] or model._meta.model_name
    taken = set(model._default_manager.filter(slug__startswith=stem).values_list("slug", flat=True))
    return next(
        slug for n in range(1, len(taken) + 2) if (slug := stem if n == 1 else f"{stem}-{n}") not in taken
    )


def _change(row: Ordered, values: dict[str, Any], by: Actor | User) -> None:
    before = str(row)
    if changed := apply(row, values):
        publish(_CHANGED[type(row)](name=before, fields=changed), about=row, by=by)


def _remove(row: Ordered, by: Actor | User) -> None:
    """Raises InUse when a ticket has it."""
    publish(_REMOVED[type(row)](name=str(row)), about=row, by=by)
    delete(row)


@transaction.atomic
def move(row: Ordered, *, up: bool, by: Actor | User) -> None:
    """One place up or down in its list; beyond an end nothing happens. Statuses stay in their category."""
    require(by, permissions.SHAPE)
    model = type(row)
    _lock_all(model)
    rows: list[Ordered] = list(model._default_manager.order_by("position", "pk"))
    at = rows.index(row)
    neighbours = rows[:at][::-1] if up else rows[at + 1 :]
    category = getattr(row, "category", None)
    other = next((r for r in neighbours if getattr(r, "category", None) == category), None)
    if other is None:
        return
    to = rows.index(other)
    rows[at], rows[to] = rows[to], rows[at]
    for position, each in enumerate(rows):
        if each.position != position:
            model._default_manager.filter(pk=each.pk).update(position=position)
    publish(_CHANGED[model](name=str(row), fields=["position"]), about=row, by=by)


# --- queues -------------------------------------------------------------------------------------


@transaction.atomic
def add_queue(*, by: Actor | User, **values: Any) -> Queue:
    """`values`: name, slug, public, team, address, active. Raises NameTaken (also for slug and address)."""
    require(by, permissions.SHAPE)
    _lock_all(Queue)
    queue = Queue()
    _add(queue, values, by)
    return queue


@transaction.atomic
def change_queue(queue: Queue, *, by: Actor | User, **values: Any) -> None:
    """Raises NameTaken, LastPublicQueue."""
    require(by, permissions.SHAPE)
    _lock_all(Queue)
    queue = Queue.objects.select_for_update(no_key=True).get(pk=queue.pk)
    open_to_customers = values.get("public", queue.public) and values.get("active", queue.active)
    if queue.public and queue.active and not open_to_customers:
        _keep_a_public_queue(queue)
    _change(queue, values, by)


def _keep_a_public_queue(without: Queue) -> None:
    if not Queue.objects.filter(public=True, active=True).exclude(pk=without.pk).exists():
        raise LastPublicQueue(without.name)


@transaction.atomic
def remove_queue(queue: Queue, *, by: Actor | User) -> None:
    """Raises InUse, LastPublicQueue."""
    require(by, permissions.SHAPE)
    _lock_all(Queue)
    queue = Queue.objects.select_for_update().get(pk=queue.pk)
    if queue.public and queue.active:
        _keep_a_public_queue(queue)
    _remove(queue, by)


# --- statuses -----------------------------------------------------------------------------------


@transaction.atomic
def add_status(*, by: Actor | User, **values: Any) -> Status:
    """`values`: label, category, active, default. Raises NameTaken, DefaultStatus (a default is active)."""
    require(by, permissions.SHAPE)
    _lock_all(Status)
    status = Status()
    if values.get("default"):
        _give_up_default(values["category"], values)
    _label_free(status, values)
    _add(status, values, by)
    return status


@transaction.atomic
def change_status(status: Status, *, by: Actor | User, **values: Any) -> None:
    """Raises NameTaken, CategoryFixed, DefaultStatus.

    Made the default, it takes that over from the one that was; a default is given up in no other way.
    """
    require(by, permissions.SHAPE)
    _lock_all(Status)
    status = Status.objects.select_for_update(no_key=True).get(pk=status.pk)
    category = values.get("category", status.category)
    if category != status.category and (status.default or _has_tickets(status)):
        raise CategoryFixed(status.label)
    becomes = values.get("default", status.default)
    if status.default and not (becomes and values.get("active", True)):
        raise DefaultStatus(status.label)
    _label_free(status, values)
    if becomes and not status.default:
        _give_up_default(category, {"active": status.active} | values)
    _change(status, values, by)


def _label_free(status: Status, values: dict[str, Any]) -> None:
    label = values.get("label", status.label)
    if Status.objects.filter(label__iexact=label).exclude(pk=status.pk).exists():
        raise NameTaken(label)


def _give_up_default(category: str, values: dict[str, Any]) -> None:
    if not values.get("active", True):
        raise DefaultStatus(category)
    Status.objects.filter(category=category, default=True).update(default=False)


def _has_tickets(status: Status) -> bool:
    return Ticket.objects.filter(status=status).exists()


@transaction.atomic
def remove_status(status: Status, *, by: Actor | User) -> None:
    """Raises InUse, DefaultStatus."""
    require(by, permissions.SHAPE)
    _lock_all(Status)
    status = Status.objects.select_for_update().get(pk=status.pk)
    if status.default:
        raise DefaultStatus(status.label)
    _remove(status, by)


# --- types --------------------------------------------------------------------------------------


@transaction.atomic
def add_type(*, by: Actor | User, **values: Any) -> TicketType:
    """`values`: name, active. Raises NameTaken."""
    require(by, permissions.SHAPE)
    _lock_all(TicketType)
    kind = TicketType()
    _name_free(kind, values)
    _add(kind, values, by)
    return kind


@transaction.atomic
def change_type(kind: TicketType, *, by: Actor | User, **values: Any) -> None:
    """Raises NameTaken."""
    require(by, permissions.SHAPE)
    _lock_all(TicketType)
    kind = TicketType.objects.select_for_update(no_key=True).get(pk=kind.pk)
    _name_free(kind, values)
    _change(kind, values, by)


def _name_free(kind: TicketType, values: dict[str, Any]) -> None:
    name = values.get("name", kind.name)
    if TicketType.objects.filter(name__iexact=name).exclude(pk=kind.pk).exists():
        raise NameTaken(name)


@transaction.atomic
def remove_type(kind: TicketType, *, by: Actor | User) -> None:
    """Raises InUse."""
    require(by, permissions.SHAPE)
    _lock_all(TicketType)
    _remove(TicketType.objects.select_for_update().get(pk=kind.pk), by)


# --- tags ---------------------------------------------------------------------------------------


@transaction.atomic
def rename_tag(tag: Tag, name: str, *, by: Actor | User) -> None:
    """Raises NameTaken when another tag has the name: those two can be merged."""
    require(by, permissions.SHAPE)
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    before = tag.name
    if apply(tag, {"name": clean_tag(name)}):
        publish(events.TagRenamed(name=before, after=tag.name), about=tag, by=by)


@transaction.atomic
def merge_tags(tag: Tag, into: Tag, *, by: Actor | User) -> None:
    """Give every ticket of `tag` the other one instead, and remove `tag`. A tag into itself does nothing."""
    require(by, permissions.SHAPE)
    rows = {
        row.pk: row for row in Tag.objects.select_for_update().filter(pk__in=[tag.pk, into.pk]).order_by("pk")
    }
    if len(rows) < 2:
        return
    through = Ticket.tags.through._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            f"insert into {through} (ticket_id, tag_id) select ticket_id, %s from {through} where tag_id = %s"  # noqa: S608
            " on conflict do nothing",
            [into.pk, tag.pk],
        )
        moved = cursor.rowcount
    publish(events.TagMerged(name=tag.name, into=into.name, tickets=moved), about=into, by=by)
    tag.delete()


@transaction.atomic
def remove_tag(tag: Tag, *, by: Actor | User) -> None:
    """Take it from every ticket that has it, too."""
    require(by, permissions.SHAPE)
    tag = Tag.objects.select_for_update().get(pk=tag.pk)
    publish(events.TagRemoved(name=tag.name, tickets=tag.tickets.count()), about=tag, by=by)
    tag.delete()


# --- what tickets hold on to --------------------------------------------------------------------


@transaction.atomic
def change_team(team: Team, *, by: Actor | User, **values: Any) -> None:
    """As in `people.shaping`. Raises InUse when it is switched off while an active queue gives it tickets."""
    if not values.get("active", True) and Queue.objects.filter(team=team, active=True).exists():
        raise InUse(team.name)
    shaping.change_team(team, by=by, **values)


@transaction.atomic
def remove_team(team: Team, *, by: Actor | User) -> None:
    """Raises InUse when anybody or anything is in it."""
    if Ticket.objects.filter(team=team).exists() or Queue.objects.filter(team=team).exists():
        raise InUse(team.name)
    shaping.remove_team(team, by=by)


@transaction.atomic
def remove_organization(organization: Organization, *, by: Actor | User) -> None:
    """Raises InUse when a person or a ticket belongs to it."""
    here = Q(organization=organization) | Q(site__organization=organization)
    if Ticket.objects.filter(here).exists():
        raise InUse(organization.name)
    shaping.remove_organization(organization, by=by)


@transaction.atomic
def remove_site(site: Site, *, by: Actor | User) -> None:
    """Raises InUse when a person or a ticket belongs to it."""
    if Ticket.objects.filter(site=site).exists():
        raise InUse(site.name)
    shaping.remove_site(site, by=by)
