"""`bin/prove [NAME] [--short]`: the long proofs, one after another or one alone."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

from prove import (
    Failed,
    agreement,
    buffers,
    database,
    imap,
    kills,
    loops,
    mails,
    pages,
    stories,
    uploads,
    whatsapp,
    words,
)

#: name → the proof, and the figures of its short form
PROOFS: dict[str, tuple[Callable[..., None], dict[str, Any]]] = {
    "mails": (mails.run, {"mails": 60, "twice": 5, "kills": 2}),
    "imap": (imap.run, {"mails": 40, "kills": 1}),
    "whatsapp": (whatsapp.run, {"items": 200, "kills": 2, "people": 4}),
    "loops": (loops.run, {"rounds": 50}),
    "kills": (kills.run, {"kills": 4, "longest_pause": 1}),
    "database": (database.run, {"seconds": 5}),
    "uploads": (uploads.run, {"slow_seconds": 4}),
    "buffers": (buffers.run, {"tickets": 60_000}),
    "stories": (stories.run, {"only": "home"}),
    "pages": (pages.run, {"names": ("sign in", "a ticket", "my tickets")}),
    "words": (words.run, {"pages": 4}),
    "agreement": (agreement.run, {"examples": 5}),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="bin/prove", description=__doc__)
    parser.add_argument(
        "name", nargs="*", metavar="NAME", help=f"of {', '.join(PROOFS)}; all when none is named"
    )
    parser.add_argument(
        "--short", action="store_true", help="with few items; the test suite runs most of them so"
    )
    given = parser.parse_args()
    if unknown := [name for name in given.name if name not in PROOFS]:
        parser.error(f"there is no proof {unknown[0]}; there are {', '.join(PROOFS)}")
    failed = []
    for name in given.name or PROOFS:
        proof, short = PROOFS[name]
        print(f"{name} …", flush=True)
        began = time.monotonic()
        try:
            proof(**(short if given.short else {}))
        except Failed as failure:
            failed.append(name)
            print(f"  FAILED: {failure}", flush=True)
        else:
            print(f"  proved in {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
