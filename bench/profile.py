"""Where the time of a page goes: `python -m bench.profile PATH…` in the environment of a seeded database.

Runs the page in this process under cProfile, so functions of Python are told too dear against C; the shares
say where to look, the figures of `bin/bench` what it costs.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
from collections import defaultdict
from typing import Any

TURNS = 20
SHOWN = 12


def main(paths: list[str]) -> None:
    import django  # the settings come from the environment

    django.setup()
    from django.test import Client

    from deskbell.demo.seed.crowd import DOMAIN
    from deskbell.people.models import User

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get(email=f"owner0@{DOMAIN}"))
    for path in paths:
        print("\n".join(explained(client, path)))


def explained(client: Any, path: str) -> list[str]:
    """Queries, shares by place and the dearest functions of one page."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(path)
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(path)
    asked = len(queries)
    profile = cProfile.Profile()
    profile.enable()
    for _ in range(TURNS):
        client.get(path)
    profile.disable()
    stats: Any = pstats.Stats(profile)
    total = stats.total_tt
    lines = [
        f"{path}: {answer.status_code}, {len(answer.content) // 1024} KB, {asked} queries, "
        f"{total / TURNS * 1000:.1f} ms under the profiler"
    ]
    by_place: dict[str, float] = defaultdict(float)
    for (file, _line, _name), (_calls, _all, own, _cumulated, _callers) in stats.stats.items():
        by_place[_place(file)] += own
    for place, own in sorted(by_place.items(), key=lambda each: -each[1])[:SHOWN]:
        lines.append(f"  {own / total:6.1%}  {place}")
    dearest = sorted(stats.stats.items(), key=lambda each: -each[1][3])
    shown = [each for each in dearest if _place(each[0][0]).startswith(("deskbell", "templates", "kit"))]
    for (file, line, name), (calls, _all, own, cumulated, _callers) in shown[:SHOWN]:
        where = f"{file.rpartition('/deskbell/')[2] or file}:{line} {name}"
        lines.append(
            f"  {cumulated / TURNS * 1000:6.1f} ms in all, {own / TURNS * 1000:5.1f} ms own, "
            f"{calls // TURNS:5} calls  {where}"
        )
    return lines


def _place(file: str) -> str:
    """A package, or templates as one."""
    if file.endswith((".html", ".txt")) or file == "<template>":
        return "templates"
    if "/deskbell/" in file:
        return "deskbell." + file.rpartition("/deskbell/")[2].split("/")[0]
    if "site-packages/" in file:
        parts = file.rpartition("site-packages/")[2].split("/")
        return ".".join(parts[:2]) if parts[0] == "django" else parts[0]
    return "Python" if file != "~" else "C functions"


if __name__ == "__main__":
    main(sys.argv[1:])
