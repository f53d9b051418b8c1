"""Whether the database fits this version, asked without Django, because every start asks.

After each migration `remember` notes in the data folder which migrations the installed code has.
While neither the code nor the rows of `django_migrations` differ from that note, there is nothing to do.
"""

from __future__ import annotations

import hashlib
import json
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import deskbell
from deskbell.cli.refusal import Refusal

#: packages that bring migrations of their own
PACKAGES = ("django", "django-allauth", "procrastinate")
OLDEST_POSTGRES = 15


def refuse_newer(data_dir: Path) -> None:
    """Raise Refusal when the data folder was last used by a newer Deskbell."""
    try:
        kept = (data_dir / "version").read_text().strip()
    except FileNotFoundError:
        return
    if order(kept) > order(deskbell.__version__):
        raise Refusal(
            f"The data folder {data_dir} was last used by Deskbell {kept}; this is {deskbell.__version__}, "
            "which is older. Install that version or a newer one, or restore a backup."
        )


def order(version: str) -> tuple[int, ...]:
    """The version as numbers, so that versions compare."""
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def is_current(connection: Any, data_dir: Path) -> bool:
    """Whether all migrations of the installed code, and no others, were applied. Asks one query."""
    try:
        note = json.loads((data_dir / "migrated.json").read_text())
    except (FileNotFoundError, ValueError):
        return False
    if note["code"] != code():
        return False
    if connection.execute("select to_regclass('django_migrations')").fetchone()[0] is None:
        return False
    applied = connection.execute("select app, name from django_migrations").fetchall()
    return sorted(map(list, applied)) == note["applied"]


def whose(connection: Any) -> str:
    """Whose data is in the migrated database: "demo", "real", or "nobody" while it is empty."""
    demo, people = connection.execute(
        "select (select demo from people_company), exists(select 1 from people_user)"
    ).fetchone()
    if demo:
        return "demo"
    return "nobody" if demo is None and not people else "real"


def is_set_up(connection: Any) -> bool:
    """Whether somebody may set this desk up; as people.actions.is_set_up."""
    question = """
        select exists(
            select 1 from people_grant g
            join people_role r on r.id = g.role_id and 'setup.enter' = any(r.permissions)
            join people_user u on u.id = g.user_id and u.is_active
        )"""
    return bool(connection.execute(question).fetchone()[0])


def remember(applied: list[tuple[str, str]], data_dir: Path) -> None:
    """Note that the database has exactly the migrations `applied`, and which version made it so."""
    note = {"code": code(), "applied": sorted(map(list, applied))}
    draft = data_dir / ".migrated.json"
    draft.write_text(json.dumps(note))
    draft.replace(data_dir / "migrated.json")
    (data_dir / "version").write_text(f"{deskbell.__version__}\n")


def code() -> str:
    """A fingerprint of the migrations that are installed."""
    digest = hashlib.sha256(f"{deskbell.__version__} {sys.version_info[:2]}".encode())
    for name in PACKAGES:
        digest.update(f"{name} {metadata.version(name)}\n".encode())
    package = Path(deskbell.__file__).parent
    for file in sorted(package.glob("*/migrations/*.py")):
        digest.update(f"{file.relative_to(package).as_posix()} {file.stat().st_size}\n".encode())
    return digest.hexdigest()
