"""Directories: whether somebody's password is right there, and what they say of him (see kit.ldap)."""

from __future__ import annotations

import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.core.cache import cache
from django.utils.translation import gettext as _

from deskbell.kit import ldap
from deskbell.kit.ldap import Entry, NoAnswer, Session
from deskbell.kit.secrets import unseal
from deskbell.people.addresses import is_email
from deskbell.people.models import Directory
from deskbell.people.models.directory import folded

#: seconds in which one that did not answer is not asked again by sign-ins
KEPT_SILENCE = 10
#: sign-ins that ask directories at a time, and seconds in which others wait for their turn: half of a
#: process's threads (config/asgi.py), so that the desk goes on however long they take
AT_ONCE = max(1, int(os.environ.get("DESKBELL_WEB_THREADS", "4")) // 2)
TURN = 0.5
#: groups of a person that are read
MOST_GROUPS = 1000
#: ids that are numbers, not text
BINARY_IDS = frozenset(("objectguid", "objectsid", "guid"))

logger = logging.getLogger(__name__)
_places = threading.BoundedSemaphore(AT_ONCE)


@dataclass(frozen=True)
class Found:
    """An entry of a directory. `groups`: their names, full and short, as `folded` has them."""

    subject: str = field(repr=False)
    dn: str = field(repr=False)
    emails: tuple[str, ...] = field(repr=False)
    name: str = field(repr=False)
    groups: frozenset[str]
    #: as they are written there
    group_names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Seen:
    """What a test saw: by what address and encryption, how many entries fit, and the one if there is one."""

    url: str
    encryption: str
    account: str
    fitting: int
    found: Found | None


def servers_of(directory: Directory) -> list[ldap.Server]:
    return [ldap.Server(url, directory.ca_certificate) for url in directory.urls.split()]


def check(directory: Directory, login: str, password: str, *, may_try: Callable[[str], bool]) -> Found | None:
    """Whose `login` and `password` these are. The same is asked for whoever is not there: a password of a
    name that nobody has, so that neither answer nor work tells who is known. Raises NoAnswer.

    `may_try` says of a subject (of nobody: "") whether one more password may be tried.
    """
    with _open(directory) as session:
        fitting = _fitting(session, directory, directory.user_filter.replace("{login}", ldap.escaped(login)))
        entry = fitting[0] if len(fitting) == 1 else None
        nobody = Entry(f"cn={secrets.token_hex(8)},{directory.base}", {})
        found = _found(session, directory, entry or nobody, known=entry is not None)
        tried = may_try(found.subject)
        right = session.bind(found.dn if tried else nobody.dn, password)
        return found if right and tried and entry else None


def look_again(directory: Directory, subject: str) -> Found | None:
    """The entry of somebody who signed in before; None when it is gone or may not sign in any more. Raises
    NoAnswer.
    """
    with _open(directory) as session:
        return _again(session, directory, subject)


def check_again(directory: Directory, subject: str, password: str) -> bool:
    """Whether `password` is that of somebody who signed in before. Raises NoAnswer."""
    with _open(directory) as session:
        found = _again(session, directory, subject)
        return found is not None and session.bind(found.dn, password)


def look_at_all(directory: Directory, subjects: list[str]) -> dict[str, Found | None]:
    """`look_again` for many over one connection, which gets as long as they need. Raises NoAnswer."""
    seconds = directory.patience + 0.2 * len(subjects)
    with _session(directory, seconds=seconds) as session:
        return {subject: _again(session, directory, subject) for subject in subjects}


def tested(directory: Directory, login: str) -> Seen:
    """What a directory says at this moment; no password of a person is tried. Raises NoAnswer."""
    with _session(directory, seconds=directory.patience) as session:
        fitting = []
        if login:
            fitting = _fitting(
                session, directory, directory.user_filter.replace("{login}", ldap.escaped(login))
            )
        found = _found(session, directory, fitting[0], known=True) if len(fitting) == 1 else None
        cache.delete(_silence(directory))
        server = session.server
        return Seen(server.url, server.encryption, directory.bind_dn, len(fitting), found)


@contextmanager
def _open(directory: Directory) -> Iterator[Session]:
    """For somebody who waits: not while it is known to be silent, nor when too many wait already."""
    if cache.get(_silence(directory)):
        raise NoAnswer(_("It did not answer a moment ago."))
    if not _places.acquire(timeout=TURN):
        raise NoAnswer(_("Too many people wait for it at the moment."))
    try:
        with _session(directory, seconds=directory.patience) as session:
            yield session
    except NoAnswer as error:
        logger.warning("directory did not answer", extra={"directory": directory.pk, "said": str(error)})
        cache.set(_silence(directory), True, KEPT_SILENCE)
        raise
    finally:
        _places.release()


def _silence(directory: Directory) -> str:
    return f"directory:{directory.pk}:silent"


@contextmanager
def _session(directory: Directory, *, seconds: float) -> Iterator[Session]:
    with ldap.session(servers_of(directory), seconds=seconds) as session:
        if directory.bind_dn:
            secret = unseal(bytes(directory.bind_secret)) if directory.bind_secret else ""
            if not session.bind(directory.bind_dn, secret):
                text = _("It does not take the account that it is searched by: %(said)s")
                raise NoAnswer(text % {"said": session.said})
        yield session


def _again(session: Session, directory: Directory, subject: str) -> Found | None:
    """By what never changes, where everything else that the filter asks of a person still holds."""
    value = bytes.fromhex(subject) if directory.id_attribute.lower() in BINARY_IDS else subject
    anybody = directory.user_filter.replace("{login}", "*")
    fitting = _fitting(session, directory, f"(&({directory.id_attribute}={ldap.escaped(value)}){anybody})")
    return _found(session, directory, fitting[0], known=True) if len(fitting) == 1 else None


def _fitting(session: Session, directory: Directory, text: str) -> list[Entry]:
    """Two at most: one is a person, two are nobody."""
    wanted = (
        directory.id_attribute,
        directory.name_attribute,
        directory.mail_attribute,
        directory.group_attribute,
    )
    return session.search(directory.base, text, wanted, most=2)


def _found(session: Session, directory: Directory, entry: Entry, *, known: bool) -> Found:
    subject = _subject(directory, entry)
    if known and not subject:
        text = _("The entry %(dn)s has no %(attribute)s, by which it would be known again.")
        raise NoAnswer(text % {"dn": entry.dn, "attribute": directory.id_attribute})
    names = entry.texts(directory.group_attribute)
    if directory.group_filter:
        text = directory.group_filter.replace("{dn}", ldap.escaped(entry.dn))
        base = directory.group_base or directory.base
        names += [group.dn for group in session.search(base, text, (), most=MOST_GROUPS)]
    names = sorted(set(filter(None, names)))
    groups = {folded(name) for name in names} | {folded(ldap.first_part(name)) for name in names}
    emails = tuple(text for text in entry.texts(directory.mail_attribute) if is_email(text))
    name = entry.text(directory.name_attribute)[:200]
    return Found(subject, entry.dn, emails, name, frozenset(filter(None, groups)), tuple(names))


def _subject(directory: Directory, entry: Entry) -> str:
    value = next(iter(entry.values.get(directory.id_attribute.lower(), ())), b"")
    if directory.id_attribute.lower() in BINARY_IDS:
        return value.hex()
    return value.decode("utf-8", "replace")[:255]
