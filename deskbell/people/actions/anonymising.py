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
from deskbell.people.pointers import final
from deskbell.people.traces import Store, Trace


class StillAtWork(Exception):
    """Somebody who works at the desk: his account has to be closed first."""


@dataclass(frozen=True)
class Found:
    store: Store
    count: int


def what_goes(user: User) -> list[Found]:
    """Every store that holds something of `user` or of who became part of him, and how much."""
    everybody = Trace.of_all(user)
    counted = [Found(store, sum(store.count(each) for each in everybody)) for store in traces.stores()]
    return [each for each in counted if each.count]


@transaction.atomic
def anonymise(user: User, *, by: Actor | User) -> None:
    """Erase everything that says who `user` is, and everybody who became part of him; messages and tickets
    stay. Cannot be undone.

    Who became part of somebody stands for that one. Doing it again does nothing. Raises NotAllowed,
    StillAtWork.
    """
    user = final(User.objects.get(pk=user.pk))
    traces.lock(*Trace.of_all(user))
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.anonymised_at is not None:
        return
    if isinstance(by, User) and not rules.may_anonymise(by, user):
        raise NotAllowed(permissions.PEOPLE_ANONYMISE)
    if rules.at_work(user):
        raise StillAtWork
    everybody = Trace.of_all(user)
    if user.is_active:
        user.is_active = False
        user.save(update_fields=["is_active"])
        publish(events.Deactivated(), about=user, by=by)
    for each in everybody:
        revoke_devices(each.user, why="closed")
    for each, erased in [(each, _erase(each)) for each in everybody]:
        User.objects.filter(pk=each.user.pk).update(anonymised_at=timezone.now())
        publish(events.Anonymised(erased=erased), about=each.user, by=by)


def _erase(trace: Trace) -> dict[str, int]:
    """Empties all stores; store → how much there was."""
    erased = {}
    for store in traces.stores():
        if count := store.count(trace):
            erased[store.key] = count
            store.erase(trace)
    return erased
