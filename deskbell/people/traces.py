"""Where the desk keeps what says who a person is: one list, to which each area adds its own stores."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise

from deskbell.kit.anonymised import stand_in
from deskbell.kit.chats import PHONE
from deskbell.people.models import Identity, User
from deskbell.people.pointers import parts_of


@dataclass(frozen=True)
class Trace:
    """A person as he is written in all those places. Read it before anything of him goes."""

    user: User
    #: his, and those of people who became part of him
    names: frozenset[str] = field(repr=False)
    #: e-mail addresses as they are compared and as they were written
    addresses: frozenset[str] = field(repr=False)
    #: phone numbers, and ids of chat providers, without a plus
    numbers: frozenset[str] = field(repr=False)

    @classmethod
    def of(cls, user: User) -> Trace:
        addresses: set[str] = {user.email} if user.email else set()
        numbers: set[str] = set()
        for identity in user.identities.all():
            of_mail = identity.kind == Identity.Kind.EMAIL
            for text in (identity.key, identity.given):
                (addresses if of_mail else numbers).add(text if of_mail else text.lstrip("+"))
        names = filter(None, (each.name for each in (user, *parts_of(user))))
        return cls(user, frozenset(names), frozenset(addresses), frozenset(filter(None, numbers)))

    @classmethod
    def of_all(cls, user: User) -> list[Trace]:
        """His own, with all names, then one of each who became part of him: their addresses are his."""
        whole = cls.of(user)
        bare = replace(whole, addresses=frozenset(), numbers=frozenset())
        return [whole, *(replace(bare, user=each) for each in parts_of(user))]

    @property
    def stand_in(self) -> str:
        return stand_in(self.user.pk)

    @cached_property
    def lowered(self) -> frozenset[str]:
        """Everything a column may hold as the address of this person, in lower case."""
        digits = {text.lower() for text in self.numbers}
        chats = {f"{each}{PHONE}" for each in digits}
        written = {text.lower() for text in self.addresses} | digits | chats
        return frozenset(written | {f"+{each}" for each in digits})

    def is_his(self, address: str) -> bool:
        return address.lower() in self.lowered

    @cached_property
    def pattern(self) -> str:
        """Finds his addresses inside a longer text: a regular expression for Python and for PostgreSQL."""
        every = [re.escape(each) for each in sorted(self.addresses)]
        every += [rf"\+?{re.escape(each)}" for each in sorted(self.numbers)]
        return rf"(?<![\w.+-])(?:{'|'.join(every)})(?![\w-]|\.\w)" if every else r"(?!)"

    @cached_property
    def naming(self) -> str:
        """As `pattern`, with his name: other people may have the same, so only where it must be his."""
        if not self.names:
            return self.pattern
        names = "|".join(re.escape(each) for each in sorted(self.names, key=len, reverse=True))
        return rf"(?:{self.pattern}|(?<!\w)(?:{names})(?!\w))"

    def blank(self, text: str, *, name: bool = False) -> str:
        pattern = self.naming if name else self.pattern
        return re.sub(pattern, self.stand_in, text, flags=re.IGNORECASE)

    def blank_all(self, value: Any, *, name: bool = False) -> Any:
        """The same for everything that is written inside a JSON value."""
        if isinstance(value, str):
            return self.blank(value, name=name)
        if isinstance(value, list):
            return [self.blank_all(each, name=name) for each in value]
        if isinstance(value, dict):
            return {key: self.blank_all(each, name=name) for key, each in value.items()}
        return value

    def without(self, addresses: Iterable[str]) -> list[str]:
        return [each for each in addresses if not self.is_his(each)]


@dataclass(frozen=True)
class Store:
    """One kind of thing that goes. `title` names it on the page that asks; `count` says how much there is."""

    key: str
    title: str | Promise
    area: str
    count: Callable[[Trace], int]
    erase: Callable[[Trace], None]


_stores: dict[str, Store] = {}
_locks: list[Callable[[Sequence[Trace]], None]] = []


def store(
    key: str, title: str | Promise, rows: Callable[[Trace], QuerySet[Any]]
) -> Callable[[Callable[[Trace], None]], Callable[[Trace], None]]:
    """Add what the decorated function erases to the list; `rows` are counted."""

    def register(erase: Callable[[Trace], None]) -> Callable[[Trace], None]:
        area = rows.__module__.split(".")[1]
        _stores[key] = Store(key, title, area, lambda trace: rows(trace).count(), erase)
        return erase

    return register


def gone(key: str, title: str | Promise, rows: Callable[[Trace], QuerySet[Any]]) -> None:
    """As `store`, for rows that are simply deleted."""

    def erase(trace: Trace) -> None:
        rows(trace).delete()

    store(key, title, rows)(erase)


def locks(take: Callable[[Sequence[Trace]], None]) -> Callable[[Sequence[Trace]], None]:
    """Runs before the people themselves are locked: tickets are locked before people."""
    _locks.append(take)
    return take


def stores() -> list[Store]:
    """Upper areas first: they find what is his by what the areas below still hold."""
    areas = list(dict.fromkeys(each.area for each in _stores.values()))
    return [each for area in reversed(areas) for each in _stores.values() if each.area == area]


def lock(*traces: Trace) -> None:
    for take in _locks:
        take(traces)
