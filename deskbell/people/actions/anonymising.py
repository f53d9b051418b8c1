"""A person is made nobody: what was written stays, who wrote it goes."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions, rules, traces
from deskbell.people.actions.devices import revoke_devices
from deskbell.people.actions.errors import NotAllowed
from deskbell.people.models import User
from deskbell.people.traces import Store, Trace


class StillAtWork(Exception):
    """Somebody who works at the desk: his account has to be closed first."""


@dataclass(frozen=True)
class Found:
    store: Store
    count: int


def what_goes(user: User) -> list[Found]:
    """Every store that holds something of `user`, and how much."""
    trace = Trace.of(user)
    counted = [Found(store, store.count(trace)) for store in traces.stores()]
    return [each for each in counted if each.count]


@transaction.atomic
def anonymise(user: User, *, by: Actor | User) -> None:
    """Erase everything that says who `user` is; messages and tickets stay. Cannot be undone.

    Doing it again does nothing. Raises NotAllowed, StillAtWork.
    """
    traces.lock(Trace.of(user))
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.anonymised_at is not None:
        return
    if isinstance(by, User) and not rules.may_anonymise(by, user):
        raise NotAllowed(permissions.PEOPLE_ANONYMISE)
    if rules.at_work(user):
        raise StillAtWork
    trace = Trace.of(user)
    if user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
        publish(events.Deactivated(), about=user, by=by)
    revoke_devices(user, why="closed")
    erased = {}
    for store in traces.stores():
        if count := store.count(trace):
            erased[store.key] = count
            store.erase(trace)
    User.objects.filter(pk=user.pk).update(anonymised_at=timezone.now())
    publish(events.Anonymised(erased=erased), about=user, by=by)
