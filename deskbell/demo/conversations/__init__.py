"""Conversations written as plain text, `*.txt` beside this file; `read` makes stories of them.

== slug
9 days ago 09:12, ivo, mail             working days and clock of the company; who; web, mail, phone, walk_in
queue: network                          any of queue, priority, type, tags, copy, taken by, due, subject
subject: No sound in calls
                                        an empty line, then the words: a paragraph is one line
Hello, ...
@ panel.png screen: Title | line | line
-- 09:30 agent claims
-- 09:41 agent replies, waiting-for-customer
Words.
-- +1 08:50 ivo says                    +1: on the next working day
@ client.log text: first line | second line
Words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

from deskbell.demo import company, pictures, telling
from deskbell.demo.telling import File, Step, Story

FOLDER = Path(__file__).parent
_FILE = re.compile(r"@ (\S+) (\w+): (.*)")
_TOLD = re.compile(r"-- (?:\+(\d+) )?(\d\d:\d\d) (\w+) (\w+)(?:,? (.*))?")
_OPENED = re.compile(r"(\d+) days? ago (\d\d:\d\d), (\w+), (\w+)")
#: verbs whose only argument is who did it
_ALONE: dict[str, Callable[[timedelta, str], Step]] = {
    "claims": telling.claims,
    "resolves": telling.resolves,
    "closes": telling.closes,
    "reopens": telling.reopens,
    "follows": telling.follows,
    "reads": telling.reads,
    "spam": telling.marks_spam,
    "trashes": telling.trashes,
}


class BadConversation(ValueError):
    """A line that cannot be read; the message names file and line."""


def read(now: datetime) -> list[Story]:
    """All of them, with the times they have when they are told at `now`."""
    stories = []
    for path in sorted(FOLDER.glob("*.txt")):
        for part in path.read_text().split("\n== ")[1:]:
            try:
                stories.append(_story(part, now))
            except (ValueError, KeyError, IndexError) as error:
                raise BadConversation(f"{path.name}: {part.partition(chr(10))[0]}: {error}") from error
    return stories


def working_moment(days: int, clock: str, now: datetime) -> datetime:
    """`clock` (HH:MM in the company's zone) on the working day `days` before `now`."""
    day = now.astimezone(ZoneInfo(company.TIME_ZONE)).replace(second=0, microsecond=0)
    while days:
        day -= timedelta(days=1)
        days -= day.weekday() < 5
    hours, minutes = clock.split(":")
    return day.replace(hour=int(hours), minute=int(minutes))


def _story(part: str, now: datetime) -> Story:
    head, *steps = re.split(r"^(?=-- )", part, flags=re.MULTILINE)
    slug, opened, *lines = head.strip().splitlines()
    if not (found := _OPENED.fullmatch(opened)):
        raise ValueError(f"not an opening: {opened}")
    days, clock, who, source = int(found[1]), found[2], found[3], found[4]
    border = lines.index("")
    values = dict(line.split(": ", 1) for line in lines[:border])
    story = Story(
        slug=slug,
        ago=now - working_moment(days, clock, now),
        who=who,
        source=source,
        subject=values.pop("subject"),
        text=_words(lines[border + 1 :]),
        files=tuple(_files(lines)),
        taken_by=values.pop("taken by", ""),
        priority=int(values.pop("priority", 2)),
        tags=tuple(values.pop("tags").split()) if "tags" in values else (),
        copy=tuple(values.pop("copy").split()) if "copy" in values else (),
        due=timedelta(hours=int(values.pop("due"))) if "due" in values else None,
    )
    return replace(story, **values, steps=tuple(_steps(steps, days, now)))  # type: ignore[arg-type]


def _steps(steps: list[str], days: int, now: datetime) -> Iterator[Step]:
    moments = []
    for text in steps:
        first, *lines = text.strip().splitlines()
        if not (found := _TOLD.fullmatch(first)):
            raise ValueError(f"not a step: {first}")
        days -= int(found[1] or 0)
        moments.append(working_moment(days, found[2], now))
        files = list(_files(lines))
        yield _step(now - moments[-1], found[3], found[4], found[5] or "", _words(lines), files)
    if days < 1 or any(later < earlier for earlier, later in pairwise(moments)):
        raise ValueError("steps run into today or backwards")


def _step(ago: timedelta, who: str, verb: str, rest: str, words: str, files: list[File]) -> Step:
    if verb in _ALONE:
        return _ALONE[verb](ago, who)
    if verb == "says":
        return telling.says(ago, who, words, *files)
    if verb == "replies":
        return telling.replies(ago, who, words, *files, status=rest)
    if verb == "notes":
        return telling.notes(ago, who, words, *files)
    if verb == "absent":
        return telling.is_absent(ago, who, words)
    if verb == "assigns":
        return telling.assigns(ago, who, rest)
    if verb == "sets":
        name, value = rest.split("=")
        return telling.sets(ago, who, **{name: int(value) if name == "priority" else value})  # type: ignore[arg-type]
    raise ValueError(f"nobody {verb}")


def _words(lines: list[str]) -> str:
    return "\n".join(line for line in lines if not line.startswith("@ ")).strip()


def _files(lines: list[str]) -> Iterator[File]:
    for line in lines:
        if found := _FILE.fullmatch(line):
            name, kind, said = found.groups()
            yield File(name, pictures.maker(name, kind, said.split(" | ")))
