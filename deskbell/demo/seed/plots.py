"""What happens to one made-up ticket: an opening and acts, each of which is an action of tickets.actions."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from deskbell.demo.seed import words
from deskbell.demo.seed.crowd import Crowd, Customer

#: about how many tickets are not ended: it depends on the staff, not on how much lies in the archive
BACKLOG = 400
#: tickets a day, and the least number of days over which they are spread
PER_DAY, LEAST_DAYS = 180, 20
#: days after which what was resolved is closed by itself
CLOSED_AFTER = timedelta(days=14)
#: how an active ticket stands, with weights
STANDINGS = {"new": 15, "asks": 30, "answered": 20, "waiting-for-customer": 20, "waiting-for-third-party": 10,
             "visit-planned": 5}  # fmt: skip
SOURCES = {"web": 55, "mail": 35, "phone": 10}
#: share of tickets that is spam, and that is thrown away; at least about JUNK_LEAST of each, at most a tenth
JUNK, JUNK_LEAST = 0.01, 100
#: share of tickets that somebody follows who does not work on them
FOLLOWED = 0.05
#: one engineer gets most of the work that is given to engineers
ENGINEERS = (4, 1, 1)


@dataclass(slots=True)
class Act:
    """One action: verb is reply, customer_reply, note, claim, assign, change_status, resolve, close, watch,
    mark_read, mark_spam or trash. `by` and `to` are ids of people, `by` none for the system; `status` a slug.
    """

    at: datetime
    verb: str
    by: int | None
    text: str = ""
    status: str = ""
    to: int | None = None


@dataclass(slots=True)
class Plot:
    """An opening as open_ticket takes it (ids), and what follows, in the order of time."""

    at: datetime
    requester: Customer
    subject: str
    text: str
    source: str
    queue: str
    team: int
    priority: int
    type: str
    tags: list[str]
    taken_by: int | None = None
    due_at: datetime | None = None
    copy: int | None = None
    acts: list[Act] = field(default_factory=list)


@dataclass(frozen=True)
class Setting:
    """What plots are made of: people, queues in their order, slugs of types."""

    crowd: Crowd
    queues: list[str]
    types: list[str]
    now: datetime
    tickets: int
    messages: int

    @property
    def junk(self) -> float:
        return max(JUNK, min(0.1, JUNK_LEAST / self.tickets))


def openings(count: int, now: datetime, random: Random) -> list[datetime]:
    """When the tickets were opened, the oldest first."""
    span = max(LEAST_DAYS, count / PER_DAY) * 86400
    return sorted(now - timedelta(seconds=60 + random.random() * span) for _ in range(count))


def plot(at: datetime, age: int, setting: Setting, random: Random) -> Plot:
    """A ticket opened `at`, when `age` others came after it."""
    crowd = setting.crowd
    requester = random.choices(crowd.customers, cum_weights=crowd.cumulated)[0]
    place = random.randrange(len(crowd.teams))
    team = crowd.teams[place]
    worker = _worker(crowd, team, random)
    made = Plot(
        at=at,
        requester=requester,
        subject=words.subject(random),
        text=words.paragraphs("asked", random),
        source=_weighted(SOURCES, random),
        queue=setting.queues[place % len(setting.queues)],
        team=team,
        priority=random.choices((1, 2, 3, 4), (15, 60, 18, 7))[0],
        type=random.choice(setting.types),
        tags=random.sample(words.TAGS, random.choice((0, 0, 1, 2))),
    )
    if made.source == "phone":
        made.taken_by = random.choice(crowd.agents)[0]
    if random.random() < 0.3:
        made.due_at = at + timedelta(hours=random.randrange(4, 200))
    if random.random() < 0.05:
        made.copy = random.choice(crowd.customers).user
        made.copy = None if made.copy == requester.user else made.copy
    made.acts = _acts(made, worker, age, setting, random)
    return made


def _worker(crowd: Crowd, team: int, random: Random) -> int:
    """An engineer for one ticket in four, else an agent of the team or of no team."""
    if random.random() < 0.25:
        return random.choices(crowd.engineers, ENGINEERS)[0][0]
    return random.choice([pk for pk, of in crowd.agents if of in (team, None)])


def _weighted(choices: dict[str, int], random: Random) -> str:
    return random.choices(list(choices), list(choices.values()))[0]


def _acts(made: Plot, worker: int, age: int, setting: Setting, random: Random) -> list[Act]:
    active = random.random() < math.exp(-age / BACKLOG)
    desk = random.choice(setting.crowd.desk)
    fate = random.random() / setting.junk
    if fate < 2:
        acts = _asked(made.requester.user, setting, setting.messages - 1, random)
        acts.insert(0 if fate < 1 else len(acts), Act(made.at, "mark_spam" if fate < 1 else "trash", desk))
    else:
        standing = _weighted(STANDINGS, random) if active else "ended"
        acts = _lead_to(standing, made.requester.user, worker, setting, random)
        if standing != "new":
            acts.insert(0, _taken(made, worker, desk, setting.crowd))
    duration = timedelta(hours=random.uniform(1, 120))
    last = min(duration, (setting.now - made.at) * 0.9)
    for act, moment in zip(acts, sorted(random.random() for _ in acts), strict=True):
        act.at = made.at + last * moment
    if not active and acts[-1].verb == "resolve" and acts[-1].at + CLOSED_AFTER < setting.now:
        acts.append(Act(acts[-1].at + CLOSED_AFTER, "close", None))
    return acts


def _taken(made: Plot, worker: int, desk: int, crowd: Crowd) -> Act:
    """Agents take what they see; an engineer sees only what he was given."""
    if any(worker == pk for pk, _ in crowd.engineers):
        return Act(made.at, "assign", desk, to=worker)
    return Act(made.at, "claim", worker)


def _asked(requester: int, setting: Setting, count: int, random: Random) -> list[Act]:
    """Nobody answers; not dated yet."""
    return [
        Act(setting.now, "customer_reply", requester, words.paragraphs("asked", random)) for _ in range(count)
    ]


def _lead_to(standing: str, requester: int, worker: int, setting: Setting, random: Random) -> list[Act]:
    """What leads to `standing`, with `setting.messages` messages, the first one included; not dated yet."""
    at, acts, waits_for_us = setting.now, [], standing in ("new", "asks")
    if standing != "new" and random.random() < FOLLOWED:
        acts.append(Act(at, "watch", random.choice(setting.crowd.desk)))
    middle = setting.messages - (1 if waits_for_us else 2)
    for turn in range(middle):
        if standing == "new" or turn % 2 or (waits_for_us and turn == middle - 1):
            acts.append(Act(at, "customer_reply", requester, words.paragraphs("asked", random)))
        elif random.random() < 0.3:
            acts.append(Act(at, "note", worker, words.paragraphs("noted", random)))
        else:
            acts.append(Act(at, "reply", worker, words.paragraphs("answered", random)))
    if not waits_for_us and setting.messages > 1:
        status = standing if standing.startswith("waiting") else ""
        acts.append(Act(at, "reply", worker, words.paragraphs("answered", random), status))
    if standing == "visit-planned":
        acts.append(Act(at, "change_status", worker, status=standing))
    if standing != "new" and random.random() < 0.8:
        acts.append(Act(at, "mark_read", worker))
    if standing == "ended":
        acts.append(Act(at, "resolve", worker))
        if random.random() < 0.4:
            acts.append(Act(at, "close", worker))
    return acts
