"""Which columns point to a person, and what becomes of each when two people are merged: one list, to which
each area adds its own. A test walks all models, so that a new column is not forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db.models import Model, QuerySet
from django.utils.functional import Promise

from deskbell.people.models import PersonMerge, User


class Fate(Enum):
    #: the row points to the person who remains
    MOVES = "moves"
    #: the row is taken out, and comes back when the merge is undone
    WITHDRAWN = "withdrawn"
    #: a way in or a right: it stays with the closed account, where it opens nothing, and goes when the time
    #: for undoing is over
    ENDS = "ends"
    #: says who once did something
    STAYS = "stays"


@dataclass(frozen=True)
class Reference:
    """One column. `title` names what is counted on the page that asks; without one it is not shown.

    `once` are columns that a person may have only once: a row of which the other person has one is taken
    out. Of rows that are withdrawn it says which one of the other's makes room for one that comes back.
    `within` narrows, in SQL with the person as %(person)s, a column that has no index of its own.
    """

    model: type[Model]
    name: str
    fate: Fate
    title: str | Promise = ""
    once: tuple[str, ...] = ()
    within: str = ""
    #: the rows of those that `reader` may know of; None: all of them
    seen: Callable[[User], QuerySet[Any]] | None = field(default=None, compare=False)

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    @property
    def column(self) -> str:
        return str(self.model._meta.get_field(self.name).column)  # type: ignore[union-attr]

    @property
    def key(self) -> str:
        return f"{self.model._meta.label_lower}.{self.name}"

    def count(self, person: User, reader: User) -> int:
        rows = self.seen(reader) if self.seen else self.model._default_manager.all()
        return rows.filter(**{self.name: person}).count()


#: something about both people that whoever merges them should know, as a sentence; None when it is not so
Caution = Callable[[User, User, User], str | None]
#: what came since by the addresses that go back to the source goes back with them
Return = Callable[[PersonMerge], None]
#: takes out what makes no sense any more once two are one; gives [table, row] of each
Settle = Callable[[User, User], list[list[Any]]]

_references: dict[str, Reference] = {}
_cautions: list[Caution] = []
_returns: list[Return] = []
_settles: list[Settle] = []


def _add(reference: Reference) -> None:
    _references[reference.key] = reference


def moves(model: type[Model], name: str, title: str | Promise = "", **more: Any) -> None:
    _add(Reference(model, name, Fate.MOVES, title, **more))


def withdrawn(model: type[Model], name: str, title: str | Promise = "", **more: Any) -> None:
    _add(Reference(model, name, Fate.WITHDRAWN, title, **more))


def ends(model: type[Model], name: str, title: str | Promise = "") -> None:
    _add(Reference(model, name, Fate.ENDS, title))


def stays(model: type[Model], *names: str) -> None:
    for name in names:
        _add(Reference(model, name, Fate.STAYS))


def caution(tell: Caution) -> Caution:
    """`tell(source, target, reader)`"""
    _cautions.append(tell)
    return tell


def returns(give_back: Return) -> Return:
    _returns.append(give_back)
    return give_back


def settles(take_out: Settle) -> Settle:
    """`take_out(source, target)` runs before anything moves."""
    _settles.append(take_out)
    return take_out


def references(*fates: Fate) -> list[Reference]:
    """Lower areas first, each in its own order."""
    return [each for each in _references.values() if not fates or each.fate in fates]


def cautions(source: User, target: User, reader: User) -> Iterable[str]:
    return [said for tell in _cautions if (said := tell(source, target, reader))]


def give_back_later(merge: PersonMerge) -> None:
    """Upper areas first: they know who wrote what."""
    for give_back in reversed(_returns):
        give_back(merge)


def settle(source: User, target: User) -> list[list[Any]]:
    return [row for take_out in _settles for row in take_out(source, target)]
