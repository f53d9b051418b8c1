"""Zip archives made while they are sent: nothing is kept on disk, and no more than a piece in memory."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

PIECE = 256 * 1024
#: what Windows does not take in a name, and separators
_FORBIDDEN = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\.|$)", re.IGNORECASE)
#: zip knows no earlier time, and no later one
_FIRST, _LAST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


class Packed(NamedTuple):
    """`at` is in seconds since the epoch."""

    name: str
    path: Path
    at: float


def unique_names(given: Iterable[str]) -> list[str]:
    """Names that every system can unpack into one folder, in the same order: `log.txt`, `log (2).txt`."""
    taken: set[str] = set()
    names = []
    for name in map(_safe, given):
        chosen, number = name, 1
        while chosen.casefold() in taken:
            number += 1
            path = PurePosixPath(name)
            chosen = f"{path.stem} ({number}){path.suffix}"
        taken.add(chosen.casefold())
        names.append(chosen)
    return names


def _safe(name: str) -> str:
    name = _FORBIDDEN.sub("_", name).strip(" .")
    return f"_{name}" if _RESERVED.match(name) else name or "file"


def zipped(files: Iterable[Packed]) -> Iterator[bytes]:
    """The archive of `files`, piece by piece, stored as they are: most are compressed already.

    Raises OSError for a file that cannot be read.
    """
    sink = _Sink()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:  # type: ignore[call-overload]  # no seeking
        for file in files:
            entry = zipfile.ZipInfo(file.name, _moment(file.at))
            entry.external_attr = 0o644 << 16
            with file.path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as target:
                while piece := source.read(PIECE):
                    target.write(piece)
                    yield sink.take()
    yield sink.take()


def _moment(at: float) -> tuple[int, int, int, int, int, int]:
    moment = time.gmtime(at)[:6]
    return min(max(moment, _FIRST), _LAST)


class _Sink:
    """What is written and not sent yet. Having no `tell`, it makes zipfile write sizes after the content."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def write(self, piece: bytes) -> int:
        self._waiting += piece
        return len(piece)

    def flush(self) -> None:
        """Nothing to do: `take` hands over what there is."""

    def take(self) -> bytes:
        piece = bytes(self._waiting)
        self._waiting.clear()
        return piece
