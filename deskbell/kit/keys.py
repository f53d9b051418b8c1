"""Separate keys for separate purposes, made once and kept in `<data>/keys/`, never in the database."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from deskbell.kit.paths import data_dir

#: purpose → the environment variable that may give it (also as `…_FILE`)
PURPOSES = {
    "secret": "DESKBELL_SECRET_KEY",  # sessions, signed links
    "stored": "DESKBELL_STORED_KEY",  # secrets kept in the database
    "reference": "DESKBELL_REFERENCE_KEY",  # references in outgoing mail; never rotated silently
}


def key(purpose: str) -> str:
    """The key for `purpose`, from the environment or the data folder, where it is made when absent."""
    variable = PURPOSES[purpose]
    if given := os.environ.get(variable):
        return given
    if file := os.environ.get(f"{variable}_FILE"):
        return Path(file).read_text().strip()
    path = data_dir() / "keys" / purpose
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        return _make(path)


def _make(path: Path) -> str:
    """Write a new key beside `path` and link it into place, so that all who make one agree on it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")  # threads make one at the same moment too
    descriptor = os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()
    return path.read_text().strip()
