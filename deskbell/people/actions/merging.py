"""Two customers who are one person become one, and two again (docs/decisions/0044)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Model, Q
from django.utils import timezone

from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.people import carrying, events, permissions, rules, traces
from deskbell.people.actions.addresses import _project
from deskbell.people.actions.devices import revoke_devices
from deskbell.people.actions.errors import NotAllowed, NotMergeable, TooLateToUndo
from deskbell.people.actions.guard import require
from deskbell.people.models import Device, Identity, Invitation, PersonMerge, User
from deskbell.people.models.merge import UNDO_FOR
from deskbell.people.pointers import final
from deskbell.people.references import Fate, give_back_later, references, settle
from deskbell.people.rights import rights_of
from deskbell.people.traces import Trace

#: what the person who remains takes over where he has nothing himself
FILLED = ("name", "language", "time_zone", "signature", "photo_id")
#: of one night
AT_ONCE = 500
#: a request lasts no longer than that
LATELY = timedelta(hours=1)


@transaction.atomic
def merge(source: User, target: User, *, by: Actor | User) -> User:
    """`source` becomes part of `target`, which is returned: tickets, messages, addresses and chats are his,
    and what comes to `source` goes to him. Ways in and roles of `source` end.

    Who was merged himself stands for the one he is part of; merging twice does nothing. Raises NotAllowed,
    NotMergeable.
    """
    require(by, permissions.PEOPLE_MERGE)
    target = final(User.objects.get(pk=target.pk))
    if source.pk == target.pk:
        raise NotMergeable("same")
    source, target = _hold(source, target)
    if source.merged_into_id is not None and final(source).pk == target.pk:
        return target
    if reason := why_not(source, target):
        raise NotMergeable(reason)
    if isinstance(by, User) and not rules.may_merge(by, source, target):
        raise NotAllowed(permissions.PEOPLE_MERGE)
    revoke_devices(source, why="merged")
    author = by if isinstance(by, User) else None
    row = PersonMerge(source=source, target=target, by=author, at=timezone.now())
    row.changed = _standing(source, target)
    User.objects.filter(pk=source.pk).update(is_active=False, merged_into=target)
    _carry(row)
    row.changed["profile"] = _fill(source, target)
    row.save()
    counted = {key: len(ids) for key, ids in row.moved.items()}
    happened = publish(events.Merged(target_id=target.pk, moved=counted), about=source, by=by)
    publish(events.TookOver(source_id=source.pk), about=target, by=by, cause=happened)
    return User.objects.get(pk=target.pk)


def why_not(source: User, target: User) -> str | None:
    """A key of people.refusals.NOT_MERGEABLE; None when nothing forbids it."""
    both = (source, target)
    if source.pk == target.pk:
        return "same"
    if any(each.merged_into_id is not None for each in both):
        return "merged"
    if any(each.anonymised_at is not None for each in both):
        return "anonymised"
    if any(rules.has_work(each) for each in both):
        return "staff"
    if not all(each.is_active for each in both):
        return "closed"
    return "invited" if _invited_to_work(*both) else None


def _invited_to_work(*people: User) -> bool:
    addresses = Identity.objects.filter(user__in=people, kind=Identity.Kind.EMAIL)
    of_them = Q(pk__in=[])
    for key, given in addresses.values_list("key", "given"):
        of_them |= Q(email__iexact=key) | Q(email__iexact=given)
    waiting = Invitation.objects.filter(
        of_them, accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now()
    )
    return any(
        each.role.permissions and not each.role.for_customers for each in waiting.select_related("role")
    )


def _hold(source: User, target: User) -> tuple[User, User]:
    """Both as they are now, after the tickets in which they are: nothing is written to either beside us."""
    traces.lock(Trace.of(source), Trace.of(target))
    rows = User.objects.select_for_update().filter(pk__in=[source.pk, target.pk]).order_by("pk")
    held = {each.pk: each for each in rows}
    return held[source.pk], held[target.pk]


def _carry(row: PersonMerge) -> None:
    """What points to the source by now; a second time what came in between."""
    source, target = row.source, row.target
    _demote(source, target)
    User.objects.filter(pk=source.pk).update(email=None)
    twice = settle(source, target)
    moved, withdrawn = carrying.carry(source, target)
    for key, ids in moved.items():
        row.moved[key] = sorted({*row.moved.get(key, ()), *ids})
    row.withdrawn = [*row.withdrawn, *twice, *withdrawn]
    _project(User.objects.get(pk=target.pk))


# --- the two people themselves ------------------------------------------------------------------------


def _standing(source: User, target: User) -> dict[str, Any]:
    """What says of both which addresses stood first."""
    of_target = Identity.objects.filter(user=target, primary=True)
    return {
        "primaries": list(
            Identity.objects.filter(user=source, primary=True).order_by("pk").values_list("pk", flat=True)
        ),
        "kinds": sorted(of_target.values_list("kind", flat=True)),
    }


def _demote(source: User, target: User) -> None:
    """Where both have an address of a kind, the first one of `target` stays the first."""
    has = Identity.objects.filter(user=target, primary=True).values_list("kind", flat=True)
    Identity.objects.filter(user=source, primary=True, kind__in=list(has)).update(primary=False)


def would_fill(source: User, target: User) -> dict[str, Any]:
    """field → value of what `target` takes over, where he has nothing himself; notes are added to his."""
    after = {
        name: getattr(source, name) for name in FILLED if not getattr(target, name) and getattr(source, name)
    }
    if source.notes and source.notes != target.notes:
        after["notes"] = "\n\n".join(filter(None, [target.notes, source.notes]))
    return after | _belonging(source, target)


def _fill(source: User, target: User) -> dict[str, list[Any]]:
    """field → [before, after] of what changed on `target`."""
    after = would_fill(source, target)
    before = {name: getattr(target, name) for name in after}
    if after:
        User.objects.filter(pk=target.pk).update(**after)
    return {name: [before[name], value] for name, value in after.items()}


def _belonging(source: User, target: User) -> dict[str, Any]:
    """The organisation comes along to somebody without one, unless he would see all of its tickets then."""
    if source.organization_id is None or rights_of(target).whole_organization:
        return {}
    if target.organization_id is None:
        return {"organization_id": source.organization_id, "site_id": source.site_id}
    same = target.organization_id == source.organization_id
    return {"site_id": source.site_id} if same and source.site_id and target.site_id is None else {}


# --- back again -----------------------------------------------------------------------------------------


def _merge_of(source_id: int) -> PersonMerge | None:
    rows = PersonMerge.objects.select_related("source", "target")
    return rows.filter(source=source_id, undone_at=None).first()


@transaction.atomic
def unmerge(source: User, *, by: Actor | User) -> User:
    """`source` stands for himself again, with all that moved and all that came since by his addresses;
    returns him. His devices stay signed out. Raises NotAllowed, NotMergeable, TooLateToUndo.
    """
    require(by, permissions.PEOPLE_MERGE)
    found = _merge_of(source.pk)
    if found is None:
        raise NotMergeable("not_merged")
    source, target = _hold(found.source, found.target)
    row = PersonMerge.objects.select_for_update().get(pk=found.pk)
    reason = why_not_undone(row, target)
    if row.is_over and reason in (None, "target_merged", "later"):
        raise TooLateToUndo
    if reason:
        raise NotMergeable(reason)
    if isinstance(by, User) and not rules.may_merge(by, target):
        raise NotAllowed(permissions.PEOPLE_MERGE)
    _part(row, target)
    row.undone_at = timezone.now()
    row.moved, row.withdrawn, row.changed, row.forgotten_at = {}, [], {}, row.undone_at
    row.save()
    happened = publish(events.Unmerged(target_id=target.pk), about=source, by=by)
    publish(events.GaveBack(source_id=source.pk), about=target, by=by, cause=happened)
    return User.objects.get(pk=source.pk)


def why_not_undone(row: PersonMerge, target: User) -> str | None:
    """A key of people.refusals.NOT_MERGEABLE; None when nothing but time forbids it."""
    if row.undone_at is not None:
        return "not_merged"
    if target.anonymised_at is not None:
        return "target_anonymised"
    if target.merged_into_id is not None:
        return "target_merged"
    later = PersonMerge.objects.filter(target=target, undone_at=None, pk__gt=row.pk)
    return "later" if later.exists() else None


def _part(row: PersonMerge, target: User) -> None:
    source_id = row.source_id
    came = Identity.objects.filter(pk__in=row.moved.get("people.identity.user", []), user=target)
    lost = set(came.filter(primary=True).values_list("kind", flat=True))
    came.update(primary=False)
    carrying.give_back_moved(row)
    give_back_later(row)
    _first_again(row, target, lost)
    _unfill(row, target)
    _project(User.objects.get(pk=target.pk))
    carrying.give_back_withdrawn(row)
    User.objects.filter(pk=source_id).update(is_active=True, merged_into=None)
    _project(User.objects.get(pk=source_id))


def _first_again(row: PersonMerge, target: User, lost: set[str]) -> None:
    """The source's addresses stand as they stood; where `target` loses the first of a kind, the oldest that
    he would have had without the merge takes its place.
    """
    his = Identity.objects.filter(user=row.source_id)
    for each in his.filter(pk__in=row.changed["primaries"]):
        if not his.filter(kind=each.kind, primary=True).exists():
            his.filter(pk=each.pk).update(primary=True)
    for kind in lost:
        left = Identity.objects.filter(user=target, kind=kind).order_by("pk")
        heirs = left if kind in row.changed["kinds"] else left.filter(created_at__gt=row.at)
        if (heir := heirs.first()) and not left.filter(primary=True).exists():
            Identity.objects.filter(pk=heir.pk).update(primary=True)


def _unfill(row: PersonMerge, target: User) -> None:
    """What `target` took over goes, unless somebody changed it since."""
    back = {
        name: before
        for name, (before, after) in row.changed.get("profile", {}).items()
        if getattr(target, name) == after
    }
    if back:
        User.objects.filter(pk=target.pk).update(**back)


# --- afterwards -----------------------------------------------------------------------------------------


def gather(source_id: int) -> None:
    """What was on its way to somebody while he was merged goes where he went, and so on from there."""
    row = _merge_of(source_id)
    if row is None or row.forgotten_at is not None:
        return
    if _has_more(row.source):
        _gather(row)
    gather(row.target_id)


@transaction.atomic
def _gather(row: PersonMerge) -> None:
    _hold(row.source, row.target)
    held = PersonMerge.objects.select_for_update(of=("self",)).select_related("source", "target")
    row = held.get(pk=row.pk)
    if row.undone_at is None and row.forgotten_at is None:
        _carry(row)
        row.save()


def gather_lately(*, now: datetime) -> None:
    """As `gather`, for whom a request that took long may have missed."""
    lately = PersonMerge.objects.filter(undone_at=None, at__gt=now - LATELY).order_by("pk")
    for source_id in lately.values_list("source_id", flat=True):
        gather(source_id)


def _has_more(source: User) -> bool:
    columns = references(Fate.MOVES)
    return any(_rows(each.model, each.name, source).exists() for each in columns if not each.within)


def _rows(model: type[Model], name: str, person: User) -> Any:
    return model._default_manager.filter(**{name: person})


def forget_merges(*, now: datetime) -> int:
    """What undoing takes is not kept for longer than UNDO_FOR; how many merges those were."""
    old = PersonMerge.objects.filter(forgotten_at=None, at__lte=now - UNDO_FOR).order_by("pk")
    ids = list(old.values_list("source_id", flat=True)[:AT_ONCE])
    for source_id in ids:
        _forget(source_id, now)
    return len(ids)


def _forget(source_id: int, now: datetime) -> None:
    """The merge is for good: nothing opens the old account any more."""
    gather(source_id)
    with transaction.atomic():
        _empty(source_id, now)


def _empty(source_id: int, now: datetime) -> None:
    row = PersonMerge.objects.select_for_update().filter(source=source_id, undone_at=None).first()
    if row is None or row.forgotten_at is not None:
        return
    row.moved, row.withdrawn, row.changed, row.forgotten_at = {}, [], {}, now
    row.save()
    for each in references(Fate.ENDS):
        if each.model is not Device:  # those are forgotten by their age
            _rows(each.model, each.name, row.source).delete()
    User.objects.filter(pk=source_id).update(password=make_password(None))
