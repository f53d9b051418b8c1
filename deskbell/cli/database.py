"""Which database a command works on, and plain words when it does not answer."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from deskbell.cli import embedded
from deskbell.cli.refusal import Refusal
from deskbell.kit.paths import data_dir

T = TypeVar("T")


def given() -> str | None:
    """DATABASE_URL, or the contents of the file DATABASE_URL_FILE names."""
    if file := os.environ.get("DATABASE_URL_FILE"):
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise Refusal(
                f"DATABASE_URL_FILE names {file}, which cannot be read: {error.strerror}."
            ) from None
    return os.environ.get("DATABASE_URL") or None


def choose(*, code: int = 69) -> str:
    """The database's address, put into DATABASE_URL for the settings. Raises Refusal when none runs."""
    address = given() or embedded.url(data_dir())
    if address is None:
        raise Refusal(
            f"No database runs for the data folder {data_dir()}. Start `deskbell up` first, "
            "name the folder with --data-dir, or name a database in DATABASE_URL.",
            code=code,
        )
    if not os.environ.get("DATABASE_URL_FILE"):
        os.environ["DATABASE_URL"] = address
    return address


def connect(address: str, **options: Any) -> Any:
    """A psycopg connection in autocommit mode. Raises Refusal when the database does not let us in."""
    import psycopg  # slow; not every command connects

    try:
        return psycopg.connect(address, **{"autocommit": True, "connect_timeout": 5, **options})
    except (psycopg.Error, UnicodeError) as error:
        raise unreachable(address, error) from None


def ask(address: str, question: Callable[[Any], T]) -> T:
    """What `question` makes of a connection. Raises Refusal when the database goes away meanwhile, too."""
    import psycopg  # slow; not every command connects

    with connect(address) as connection:
        try:
            return question(connection)
        except psycopg.OperationalError as error:
            raise unreachable(address, error) from None


def unreachable(address: str, error: BaseException) -> Refusal:
    """The refusal for a database that does not answer; the password is not in it."""
    reason = (str(error).strip() or type(error).__name__).splitlines()[0].strip()
    reason = reason.rpartition("failed: ")[2].rstrip(".")
    try:
        parts = urlsplit(address)
        where = f"{unquote(parts.hostname or 'this machine')}, database {parts.path.lstrip('/') or '(none)'}"
    except ValueError:
        where = "address not readable"
    reason = re.sub(r"(://[^:/@\s]*):[^@\s]*@", r"\1:…@", reason)
    return Refusal(
        f"Cannot reach the database ({where}): {reason}. Check that it runs and that DATABASE_URL is right.",
        code=69,
    )


@contextmanager
def plain_words() -> Iterator[None]:
    """Turn Django's connection errors inside the block into a Refusal."""
    from django.db import OperationalError  # the caller has set Django up

    try:
        yield
    except OperationalError as error:
        raise unreachable(os.environ.get("DATABASE_URL", ""), error) from None


def set_up() -> None:
    """Choose the database and set Django up."""
    choose()
    import django  # most of a command's start time; many commands need none of it

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "deskbell.config.settings")
    django.setup()
