"""The demo company: made once, in one transaction, through the same actions as everything else."""

from __future__ import annotations

from collections import deque
from contextlib import nullcontext
from datetime import datetime, timedelta
from typing import TypedDict

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from deskbell.channels.actions import add_channel
from deskbell.channels.models import Channel
from deskbell.demo import arrivals, chats, company, conversations, events, replies, seed, variations
from deskbell.demo.clock import Clock
from deskbell.demo.seed.rows import Ledger, Names
from deskbell.demo.stories import BEGINNING, STORIES
from deskbell.demo.telling import Cast, Step, Story
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.events.publish import publish
from deskbell.people import actions as people
from deskbell.people.models import Organization, Role, Site, Team, User
from deskbell.setup import steps
from deskbell.tickets.models import Queue

#: before the oldest of the everyday tickets
HISTORY = timedelta(days=100)


class SignIn(TypedDict):
    """Who may sign in; `role` is the role's name, `slug` its slug."""

    role: str
    slug: str
    name: str
    email: str
    password: str


def ensure() -> list[SignIn]:
    """Make the demo company unless it is there, and say who may sign in.

    A desk that has people of its own is left alone, and has no demo sign-ins. Twice at once makes one.
    """
    with transaction.atomic():
        lock()
        if not User.objects.exists():
            build(everything=True)
        elif made_at() is not None:
            chats.connect()
    return sign_ins()


def lock() -> None:
    """Keep others from making or resetting the demo until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('demo.world', 0))")


def build(*, everything: bool = False) -> Cast:
    """Make it, in the caller's transaction, on a desk without people.

    The company and its dozen named tickets; with `everything` also the written conversations, the everyday
    tickets of three months, chats, and what came in by mail and form within a day. Nobody gets a mail about
    what is only history.
    """
    now = timezone.now()
    more = [*conversations.read(now), *arrivals.ARRIVALS, *chats.CHATS] if everything else []
    stories = [*STORIES, *more]
    clock = Clock()
    clock.set(now - (HISTORY if everything else BEGINNING))
    with clock.running():
        cast = Cast({}, clock.moment)
        _company()
        _teams()
        _customers()
        _people(cast)
        replies.keep(cast.people)
        mailbox = add_channel("email", name="Support", address=company.SUPPORT, queue="Support")
        everyday = _Everyday(cast, now) if everything else None
        with chats.telling(cast) if everything else nullcontext():
            for story, step in _in_order(stories):
                cast.moment = now - (step.ago if step else story.ago)
                if everyday and not step:
                    everyday.tell_until(cast.moment)
                clock.set(max(cast.moment, clock.moment))
                if step:
                    step.act(cast, cast.tickets[story.slug])
                else:
                    cast.tickets[story.slug] = story.open(cast, now)
    if everyday:
        everyday.tell_until(now)
        only_history = cast.tickets.keys() - {story.slug for story in STORIES}
        _keep_quiet_about(only_history, cast, everyday)
    publish(events.Made(), about=mailbox, by=SYSTEM)
    return cast


class _Everyday:
    """The everyday tickets, told in portions between the stories, so that numbers follow the openings."""

    def __init__(self, cast: Cast, now: datetime) -> None:
        self.names = Names.read(variations.TAGS)
        self.plots = deque(variations.plots(cast.people, now))
        self.tickets: list[int] = []

    def tell_until(self, moment: datetime) -> None:
        ledger = Ledger(self.names)
        while self.plots and self.plots[0].at <= moment:
            ledger.tell(self.plots.popleft())
        if ledger.tickets:
            self.tickets += seed.write(ledger)


def _keep_quiet_about(slugs: set[str], cast: Cast, everyday: _Everyday) -> None:
    """Nobody is told now of what happened to these tickets."""
    tickets = [*everyday.tickets, *(cast.tickets[slug].pk for slug in slugs)]
    chats.keep_quiet(Event.objects.filter(about_kind="ticket", about_id__in=tickets))


def sign_ins() -> list[SignIn]:
    """The demo's people with a password, staff first. None where the demo company is not."""
    if not Channel.objects.filter(address=company.SUPPORT).exists():
        return []
    names = dict(Role.objects.values_list("slug", "name"))
    roles = {person.slug: person.grants[0][0] if person.grants else "customer" for person in _cast()}
    return [
        SignIn(
            role=names[roles[person.slug]],
            slug=roles[person.slug],
            name=person.name,
            email=person.email,
            password=company.PASSWORD,
        )
        for person in _cast()
        if person.signs_in
    ]


def made_at() -> datetime | None:
    """When the demo company was made here; None on every other desk, whatever it is called."""
    made = Event.objects.filter(about_kind="channel", kind=events.Made.kind)
    return made.order_by("-pk").values_list("at", flat=True).first()


def _cast() -> tuple[company.Person, ...]:
    return (*company.STAFF, *company.PEOPLE)


def _in_order(stories: list[Story]) -> list[tuple[Story, Step | None]]:
    """All openings (no step) and steps of all stories, the oldest first."""
    told: list[tuple[Story, Step | None]] = [(story, None) for story in stories]
    told += [(story, step) for story in stories for step in story.steps]
    return sorted(told, key=lambda each: -(each[1].ago if each[1] else each[0].ago).total_seconds())


def _company() -> None:
    people.change_company(
        by=SYSTEM,
        name=company.NAME,
        support_address=company.SUPPORT,
        support_phone=company.PHONE,
        time_zone=company.TIME_ZONE,
        skipped_steps=list(steps.DONE),
        demo=True,
    )


def _teams() -> None:
    for name, queue in company.TEAMS.items():
        team = people.create_team(name)
        # part of setting a desk up, like the queues themselves: no event, no action of its own yet
        Queue.objects.filter(slug=queue).update(team=team)


def _customers() -> None:
    for customer in company.CUSTOMERS:
        organization = people.create_organization(
            customer.name, domains=[customer.domain], notes=customer.notes
        )
        for name, address, access in customer.sites:
            people.create_site(organization, name, address=address, access_notes=access)


def _people(cast: Cast) -> None:
    password = make_password(company.PASSWORD)  # slow by design: one for all
    sites = {(site.organization_id, site.name): site for site in Site.objects.all()}
    teams = {team.name: team for team in Team.objects.all()}
    for person in _cast():
        grants = person.grants or (("customer", ""),)
        user = people.create_user(person.email, name=person.name, role=grants[0][0])
        for role, team in grants:
            people.grant(user, role, team=teams.get(team))
        if person.signs_in:
            people.set_password_hash(user, password, how="made", by=SYSTEM)
        if person.phone:
            people.add_identity(user, "phone", person.phone, by=SYSTEM)
        if person.site:
            people.change_person(user, by=SYSTEM, site=sites[user.organization_id or 0, person.site])
        cast.people[person.slug] = user


def customers() -> list[Organization]:
    """The demo's customer organisations, in the order in which they are described."""
    known = {each.name: each for each in Organization.objects.all()}
    return [known[customer.name] for customer in company.CUSTOMERS]
