"""The file of a backup: a plain tar that `tar` and `sha256sum -c SHA256SUMS` understand, too.

In this order: `manifest.json` · `database/schema.sql.gz`, `data.sql.gz`, `indexes.sql.gz` as pg_dump wrote
them · `files/ab/cd/<sha256>` as they lie in the data folder · `keys/<purpose>`, when asked for ·
`SHA256SUMS` of all of it. The sums come last, so an archive that was cut has none.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tarfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from deskbell.cli.refusal import Refusal

FORMAT = 1
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
PARTS = ("schema", "data", "indexes")
CHUNK = 1024 * 1024
#: nothing else is taken out of an archive, whatever stands in it
NAMES = re.compile(
    r"manifest\.json|SHA256SUMS|database/(schema|data|indexes)\.sql\.gz|keys/[a-z]+"
    r"|files/([0-9a-f]{2})/([0-9a-f]{2})/\2\3[0-9a-f]{60}"
)


@dataclass(frozen=True)
class Manifest:
    """What an archive holds.

    `deskbell` and `postgresql` are versions, `made_at` ISO 8601 in UTC, `migrations` [application, name]
    pairs, `counts` rows of a few tables. `files` says whether the files are in it, `keys` whether the keys
    are. `proof` is a word encrypted with the key of stored secrets.
    """

    format: int
    deskbell: str
    postgresql: str
    made_at: str
    migrations: list[list[str]]
    counts: dict[str, int]
    files: bool
    keys: bool
    proof: str


class Broken(Refusal):
    """The archive is none, or was cut or damaged."""

    def __init__(self, file: Path, why: str) -> None:
        super().__init__(f"{file} cannot be restored: {why}. Nothing was changed.")


class Writer:
    """A new archive; use it in a with statement. It gets its name when it is whole and on the disk."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.draft = target.with_name(f".{target.name}.part")
        self.sums: list[str] = []

    def __enter__(self) -> Writer:
        self.draft.unlink(missing_ok=True)
        # customers' letters are in it: for its owner alone
        descriptor = os.open(self.draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
        self.file = os.fdopen(descriptor, "wb")
        self.tar = tarfile.open(fileobj=self.file, mode="w", format=tarfile.PAX_FORMAT)
        return self

    def add(self, name: str, content: BinaryIO) -> str:
        """Put the rest of the open file `content` in as `name`; returns its SHA-256."""
        info = tarfile.TarInfo(name)
        info.size = os.fstat(content.fileno()).st_size
        return self._add(info, content)

    def add_bytes(self, name: str, content: bytes) -> str:
        info = tarfile.TarInfo(name)
        info.size = len(content)
        return self._add(info, io.BytesIO(content))

    def _add(self, info: tarfile.TarInfo, content: BinaryIO) -> str:
        info.mode, info.mtime = 0o600, int(time.time())
        read = _Hashing(content)
        self.tar.addfile(info, read)
        self.sums.append(f"{read.digest.hexdigest()}  {info.name}\n")
        return read.digest.hexdigest()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self.add_bytes(SUMS, "".join(self.sums).encode())
                self.tar.close()
                self.file.flush()
                os.fsync(self.file.fileno())
                self.draft.replace(self.target)
                _sync_folder(self.target.parent)
        finally:
            self.file.close()
            self.draft.unlink(missing_ok=True)


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.file.read(size)
        self.digest.update(piece)
        return piece


def manifest_of(file: Path) -> Manifest:
    """What stands in front of the archive `file`. Raises Broken, or OSError when it cannot be read."""
    with _open(file) as tar:
        first = tar.next()
        inside = tar.extractfile(first) if first is not None and first.name == MANIFEST else None
        if inside is None:
            raise Broken(file, "it is no backup of Deskbell")
        return _manifest(file, inside.read())


def unpack(file: Path, place: Path) -> set[str]:
    """Take everything out of `file` into the empty folder `place` and check it; returns the names.

    Raises Broken at the first thing that is not as it was written.
    """
    found: dict[str, str] = {}
    listed: bytes | None = None
    with _open(file) as tar:
        for info in tar:
            content = tar.extractfile(info) if info.isreg() else None
            if content is None or not NAMES.fullmatch(info.name) or info.name in found:
                raise Broken(file, f"{info.name[:80]!r} has no place in a backup")
            if info.name == SUMS:
                listed = content.read()
            else:
                found[info.name] = _take(content, place / info.name)
    if listed is None:
        raise Broken(file, "it was cut before its end")
    _compare(file, listed.decode(errors="replace"), found)
    return set(found)


def _take(content: object, to: Path) -> str:
    read = _Hashing(content)  # type: ignore[arg-type]
    to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with to.open("wb") as out:
        while piece := read.read(CHUNK):
            out.write(piece)
    return read.digest.hexdigest()


def _compare(file: Path, listed: str, found: dict[str, str]) -> None:
    expected = {line[66:]: line[:64] for line in listed.splitlines()}
    wrong = sorted(name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name))
    if wrong:
        raise Broken(file, f"it is damaged ({wrong[0]} is not as it was written)")
    if missing := [part for part in PARTS if f"database/{part}.sql.gz" not in found]:
        raise Broken(file, f"its database is not whole ({missing[0]} is missing)")


def _manifest(file: Path, text: bytes) -> Manifest:
    try:
        given = json.loads(text)
        if given["format"] > FORMAT:
            raise Refusal(
                f"{file} was written by Deskbell {given['deskbell']}, whose backups this version cannot "
                "read. Install that version or a newer one. Nothing was changed."
            )
        return Manifest(**given)
    except (ValueError, TypeError, KeyError):
        raise Broken(file, "its manifest cannot be read") from None


def manifest_bytes(manifest: Manifest) -> bytes:
    return json.dumps(asdict(manifest), indent=1).encode()


@contextlib.contextmanager
def _open(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:", errorlevel=2) as tar:
            yield tar
    except (tarfile.TarError, EOFError):
        raise Broken(file, "it is no backup of Deskbell, or was cut") from None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
