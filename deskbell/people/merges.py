"""What merging two people would do, before it is done, and which merges there were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from deskbell.people.actions.merging import why_not, would_fill
from deskbell.people.models import Grant, Organization, PersonMerge, User
from deskbell.people.references import Fate, caution, cautions, references

NEVER = datetime.min.replace(tzinfo=UTC)
#: what `Look.fills` may name; other things that come along are of no interest to whoever merges
TOLD = ("name", "organization_id", "language", "notes")


@dataclass(frozen=True)
class Counted:
    title: str | Promise
    count: int


@dataclass(frozen=True)
class Look:
    """`refused` is a key of people.refusals.NOT_MERGEABLE. `fills`: what the one who remains takes over of
    the other because he has nothing there himself; names of TOLD.
    """

    source: User
    target: User
    refused: str | None
    moves: list[Counted]
    ends: list[Counted]
    fills: list[str]
    cautions: list[str]


def look(source: User, target: User, reader: User) -> Look:
    """One query for each kind of thing; only what `reader` may know of is counted."""
    ends = _counted(source, reader, Fate.WITHDRAWN, Fate.ENDS)
    if source.has_usable_password():
        ends.insert(0, Counted(_("Password"), 1))
    if roles := roles_of(source):
        ends.append(Counted(_("Role: %(names)s") % {"names": ", ".join(roles)}, len(roles)))
    return Look(
        source,
        target,
        why_not(source, target),
        _counted(source, reader, Fate.MOVES),
        ends,
        [name for name in TOLD if name in would_fill(source, target)],
        list(cautions(source, target, reader)),
    )


def _counted(source: User, reader: User, *fates: Fate) -> list[Counted]:
    shown = [each for each in references(*fates) if each.title]
    counted = [Counted(each.title, each.count(source, reader)) for each in shown]
    return [each for each in counted if each.count]


def roles_of(person: User) -> list[str]:
    rows = Grant.objects.filter(user=person).order_by("pk").values_list("role__name", flat=True)
    return [_(name) for name in dict.fromkeys(rows)]


def remains(one: User, other: User) -> User:
    """Who of the two should, probably: who signed in last, else could, has an address, is known longer."""

    def weight(person: User) -> tuple[Any, ...]:
        return (
            person.last_login or NEVER,
            person.has_usable_password(),
            person.email is not None,
            person.organization_id is not None,
            -person.pk,
        )

    return max((one, other), key=weight)


# --- what whoever merges should know --------------------------------------------------------------------


@caution
def organizations_differ(source: User, target: User, reader: User) -> str | None:
    if not (source.organization_id and target.organization_id):
        return None
    if source.organization_id == target.organization_id:
        return None
    names = dict(
        Organization.objects.filter(pk__in=[source.organization_id, target.organization_id]).values_list(
            "pk", "name"
        )
    )
    return _(
        "Two organisations: %(name)s stays with %(organization)s. Tickets that were asked for %(other)s stay "
        "tickets of %(other)s, and its managers still see them."
    ) % {
        "name": target.display_name,
        "organization": names[target.organization_id],
        "other": names[source.organization_id],
    }


@caution
def roles_differ(source: User, target: User, reader: User) -> str | None:
    his, kept = roles_of(source), roles_of(target)
    if set(his) == set(kept):
        return None
    return _("Different roles: %(name)s stays %(kept)s. The other one (%(gone)s) ends.") % {
        "name": target.display_name,
        "kept": ", ".join(kept) or "–",
        "gone": ", ".join(his) or "–",
    }


@caution
def both_sign_in(source: User, target: User, reader: User) -> str | None:
    if not source.has_usable_password():
        return None
    if target.has_usable_password():
        return _("Both have a password: only that of %(name)s lets in.") % {"name": target.display_name}
    return _("%(name)s has no password; that of %(other)s ends and is not taken over.") % {
        "name": target.display_name,
        "other": source.display_name,
    }


# --- merges there were ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Past:
    """`refused` says why it cannot be undone, as a key of NOT_MERGEABLE; None when it can."""

    merge: PersonMerge
    refused: str | None

    @property
    def can_be_undone(self) -> bool:
        return self.refused is None and not self.merge.is_over


def merges_into(person: User) -> list[Past]:
    """Who was merged into `person` and is still part of him, the last one first."""
    rows = _lean(PersonMerge.objects.filter(target=person, undone_at=None)).order_by("-pk")
    gone = "target_anonymised" if person.anonymised_at else None
    return [Past(row, gone or ("later" if n else None)) for n, row in enumerate(rows)]


def _lean(rows: QuerySet[PersonMerge]) -> QuerySet[PersonMerge]:
    return rows.select_related("source", "by").defer("moved", "withdrawn", "changed")
