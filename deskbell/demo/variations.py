"""Everyday tickets of the last three months: the same few troubles with other people, places and endings.

They are plots of `demo.seed`, written at its speed, but about the demo company's own people.
"""

# ruff: noqa: E501  sentences are easier to read and to mend whole

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from deskbell.demo import company
from deskbell.demo.conversations import working_moment
from deskbell.demo.seed.crowd import Customer
from deskbell.demo.seed.plots import Act, Plot
from deskbell.people.models import Team, User

COUNT = 80
#: working days over which they are spread: about three months
WORKING_DAYS = 64
CLOSED_AFTER = timedelta(days=14)
SOURCES = {"mail": 45, "web": 30, "phone": 18, "walk_in": 7}
#: how a ticket of the last days stands, in turn
STANDINGS = (
    "new", "waiting-for-customer", "in-progress", "asks", "waiting-for-parts", "visit-planned", "new",
    "waiting-for-third-party", "asks", "on-site", "in-progress", "cancelled", "waiting-for-customer", "asks",
)  # fmt: skip
#: working days after which a ticket has ended, whatever it was
LONGEST_OPEN = 12


@dataclass(frozen=True)
class Trouble:
    """Words with {place}, {thing} and {who}; `back` is what we ask, `told` its answer."""

    queue: str
    type: str
    tag: str
    subject: str
    asked: str
    back: str
    told: str
    noted: str
    answered: str
    thanked: str


TROUBLES = (
    Trouble(
        "hardware", "incident", "printer", "{thing} in the {place} prints stripes",
        "Hello,\n\nthe {thing} in the {place} prints grey stripes across every page since this morning.\n\n{who}",
        "Hello {who},\n\nare the stripes also on a copy, or only on what comes from the computer?",
        "Also on copies. Always at the same place.",
        "Drum unit, 60,000 pages. One left in the store.",
        "Then it is the drum. A new one is on its way; changing it takes two minutes, a sheet with pictures is in the box.",
        "Changed it myself, no stripes. Thank you!",
    ),
    Trouble(
        "support", "incident", "password", "Locked out again",
        "I typed the password wrong too often and now it does not let me in at all. I sit in the {place} and can do nothing.\n\n{who}",
        "Hello {who}, which device are you at, and may I ring you on the number we have?",
        "The {thing}. Yes, ring me please.",
        "An old phone still tries the old password every ten minutes.",
        "You are unlocked. Your old phone keeps trying with the old password: please remove the account there.",
        "So that was it. Works now.",
    ),
    Trouble(
        "network", "incident", "wifi", "No Wi-Fi in the {place}",
        "Since yesterday there is no Wi-Fi in the {place}. The {thing} finds nothing, everywhere else it is fine.",
        "Hello {who}, is the small light on the aerial at the ceiling on?",
        "No, it is dark.",
        "Port shut down by the switch after a loop at 16:40. Someone plugged both ends of a cable in.",
        "A cable was plugged in with both ends, so the switch protected itself. I opened the port again.",
        "It was the cleaner's tidy mind. Everything works, thanks.",
    ),
    Trouble(
        "support", "question", "mail", "Mails from one customer do not arrive",
        "A customer says he wrote three times this week. I have nothing, not in spam either.\n\n{who}\n{place}",
        "Could you give me his address and about when he wrote?",
        "It is orders@clearwater-paints.example, yesterday at about two.",
        "Rejected: their sender record forgot the new mail server.",
        "Their own mail server is not on their list of allowed senders, so ours refuses it. I wrote to them what to add and let them through until Friday.",
        "The three mails came in at once. Great.",
    ),
    Trouble(
        "hardware", "service-request", "order", "New {thing} for the {place}",
        "Good morning,\n\nwe need another {thing} for the {place}, the same as the one we have. Please send a price first.\n\n{who}",
        "Good morning {who}, the same model is gone; the next one costs 40 more and uses half the power. Is that fine?",
        "Yes, order it please.",
        "Ordered, delivery in the week after next.",
        "It is here and prepared. We bring it with the next visit.",
        "Stands and runs. Thank you.",
    ),
    Trouble(
        "support", "incident", "update", "Program does not start since the update",
        "Since the update last night our program says \"missing component\" on the {thing} in the {place}.",
        "Is it the same for a colleague at another place?",
        "No, only here.",
        "Update was interrupted: the {thing} was switched off at 02:10.",
        "The update had been cut off half-way. I let it finish. Please leave the {thing} on tonight.",
        "Starts again!",
    ),
    Trouble(
        "network", "incident", "phone", "Calls break off after a minute",
        "Every call from the {place} breaks off after about a minute. Customers think I hang up on them!\n\n{who}",
        "Does it happen with calls inside the house as well?",
        "Inside is fine, only with people outside.",
        "Session timer of the new router. Known, needs firmware 4.2.",
        "It was a timer in the new router. I set it off until the maker's correction is out.",
        "Talked for twenty minutes just now. Lovely.",
    ),
    Trouble(
        "billing", "question", "invoice", "Question about the last invoice",
        "What is the item \"extension {place}\" on the last invoice? I do not remember ordering it.\n\n{who}",
        "Hello {who}, could it be the second socket that was added in spring?",
        "Possible. Who ordered it?",
        "Order form found, signed on site.",
        "I attach nothing secret: it was ordered on site with the second socket; I sent the form to your office.",
        "Found it in our files now, sorry. All good.",
    ),
    Trouble(
        "support", "service-request", "access", "Access to the shared folder",
        "Please give our new colleague in the {place} the same folders as I have.\n\n{who}",
        "With pleasure. Reading only, or also changing?",
        "Also changing.",
        "Approved by the manager on the phone.",
        "Done. It works after the next sign-in.",
        "Thanks, that was quick.",
    ),
    Trouble(
        "hardware", "incident", "screen", "Second screen stays black",
        "The second screen at my desk in the {place} stays black. I have tried another cable.",
        "Does it work when you unplug the {thing} and plug it in again?",
        "For a second, then black.",
        "Dock from the batch with the bad power supplies.",
        "It is the dock, we know this series. A new one comes with tomorrow's delivery.",
        "Both screens back, thank you!",
    ),
    Trouble(
        "support", "incident", "slow", "Everything is slow in the morning",
        "Between eight and nine the {thing} in the {place} is hardly usable. Later it is fine.\n\nRegards\n{who}",
        "Is it only this one, or the colleagues' too?",
        "All of us in the {place}.",
        "Virus scan of all machines at 08:00. Moved to the lunch hour.",
        "All machines were checked for viruses at eight sharp. From tomorrow it happens at lunch.",
        "Like night and day.",
    ),
    Trouble(
        "network", "preventive-maintenance", "firmware", "Yearly check of the network in the {place}",
        "The yearly check is due. Please agree a time with us, best in the early morning.",
        "Would Thursday at seven suit you?",
        "Thursday at seven is good, somebody will open.",
        "Firmware of two switches, dust, battery test.",
        "Everything checked: two small updates, batteries good for another year. The protocol is in your folder.",
        "Thank you for leaving it so tidy.",
    ),
)  # fmt: skip
THINGS = ("printer", "laptop", "docking station", "tablet", "desk phone", "scanner")
PLACES = ("reception", "meeting room", "store", "first floor", "office", "workshop", "canteen", "archive")
TAGS = sorted({trouble.tag for trouble in TROUBLES})


class Neighbourhood:
    """Who asks and who answers, as ids."""

    def __init__(self, people: dict[str, User]) -> None:
        self.people = {slug: user.pk for slug, user in people.items()}
        self.names = {user.pk: user.name for user in people.values()}
        self.teams = dict(Team.objects.values_list("name", "pk"))
        self.customers = [
            Customer(people[each.slug].pk, people[each.slug].organization_id, False)  # type: ignore[arg-type]
            for each in company.PEOPLE
            if not each.reads_only
        ]

    def worker(self, queue: str) -> int:
        return self.people[{"network": "network_agent", "billing": "office_agent"}.get(queue, "agent")]

    def team(self, queue: str) -> int:
        return self.teams[next(team for team, of in company.TEAMS.items() if of == queue)]


def plots(people: dict[str, User], now: datetime) -> list[Plot]:
    """COUNT of them, the oldest first: the same ones for the same `now`'s day."""
    random = Random(11)  # noqa: S311  not a secret
    around = Neighbourhood(people)
    customers = _shuffled(around.customers, random)
    made = []
    for place in range(COUNT):
        days = 1 + round((WORKING_DAYS - 1) * (1 - place / COUNT) ** 1.2)
        trouble = TROUBLES[place * 5 % len(TROUBLES)]
        made.append(_plot(trouble, days, next(customers), around, place, now, random))
    return sorted(made, key=lambda plot: plot.at)


def _shuffled(customers: list[Customer], random: Random) -> Iterator[Customer]:
    """Everybody, again and again, in another order each time."""
    while True:
        yield from random.sample(customers, len(customers))


def _plot(
    trouble: Trouble,
    days: int,
    customer: Customer,
    around: Neighbourhood,
    place: int,
    now: datetime,
    random: Random,
) -> Plot:
    minute = random.randrange(8 * 60, 14 * 60)
    moments = _moments(days, minute, now, random)
    filled = {
        "place": random.choice(PLACES),
        "thing": random.choice(THINGS),
        "who": around.names[customer.user].partition(" ")[0],
    }
    words = {
        name: getattr(trouble, name).format(**filled)
        for name in ("subject", "asked", "back", "told", "noted", "answered", "thanked")
    }
    words["subject"] = words["subject"][0].upper() + words["subject"][1:]
    source = random.choices(list(SOURCES), list(SOURCES.values()))[0]
    plot = Plot(
        at=next(moments),
        requester=customer,
        subject=words["subject"],
        text=words["asked"],
        source=source,
        queue=trouble.queue,
        team=around.team(trouble.queue),
        priority=random.choices((1, 2, 3, 4), (18, 56, 18, 8))[0],
        type=trouble.type,
        tags=[trouble.tag],
        taken_by=around.people["agent"] if source in ("phone", "walk_in") else None,
    )
    standing = STANDINGS[place % len(STANDINGS)] if days <= LONGEST_OPEN else "ended"
    if days <= 3:
        plot.due_at = now + timedelta(hours=random.randrange(2, 60))
    plot.acts = list(_acts(standing, plot, words, around, moments, random))
    if standing == "ended" and plot.acts[-1].at + CLOSED_AFTER < now:
        plot.acts.append(Act(plot.acts[-1].at + CLOSED_AFTER, "close", None))
    return plot


def _moments(days: int, minute: int, now: datetime, random: Random) -> Iterator[datetime]:
    """Ever later moments of working time from `minute` on, `days` ago; never after yesterday's evening."""
    while True:
        yield working_moment(days, f"{minute // 60:02}:{minute % 60:02}", now)
        minute += random.randrange(4, 35)
        if minute >= 17 * 60 + 30 and days > 1:
            days, minute = days - 1, random.randrange(8 * 60, 9 * 60)


def _acts(
    standing: str,
    plot: Plot,
    words: dict[str, str],
    around: Neighbourhood,
    moments: Iterator[datetime],
    random: Random,
) -> Iterator[Act]:
    worker, customer = around.worker(plot.queue), plot.requester.user
    if standing == "new":
        return
    if standing in ("visit-planned", "on-site"):
        worker = around.people[random.choice(("engineer", "engineer_2"))]
        yield Act(next(moments), "assign", around.people["supervisor"], to=worker)
    else:
        yield Act(next(moments), "claim", worker)
    if standing == "in-progress":
        yield Act(next(moments), "note", worker, words["noted"])
        return
    waits = standing == "waiting-for-customer"
    yield Act(next(moments), "reply", worker, words["back"], "waiting-for-customer" if waits else "")
    if waits:
        return
    yield Act(next(moments), "customer_reply", customer, words["told"])
    if standing == "asks":
        return
    yield Act(next(moments), "note", worker, words["noted"])
    if standing != "ended":
        yield Act(next(moments), "change_status", worker, status=standing)
        return
    yield Act(next(moments), "reply", worker, words["answered"])
    if random.random() < 0.7:
        yield Act(next(moments), "customer_reply", customer, words["thanked"])
    yield Act(next(moments), "resolve", worker)
