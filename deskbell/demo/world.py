"""The demo company: made once, in one transaction, through the same actions as everything else."""

from __future__ import annotations

from typing import TypedDict

from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.utils import timezone

from deskbell.channels.actions import add_channel
from deskbell.channels.models import Channel
from deskbell.demo import company
from deskbell.demo.clock import Clock
from deskbell.demo.stories import BEGINNING, STORIES
from deskbell.demo.telling import Cast, Step, Story, open_story
from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import Organization, Role, Site, Team, User
from deskbell.tickets.models import Queue


class SignIn(TypedDict):
    """Who may sign in; `role` is the role's name."""

    role: str
    name: str
    email: str
    password: str


def ensure() -> list[SignIn]:
    """Make the demo company unless it is there, and say who may sign in.

    A desk that has people of its own is left alone, and has no demo sign-ins. Twice at once makes one.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtextextended('demo.world', 0))")
        if not User.objects.exists():
            build()
    return sign_ins()


def build() -> Cast:
    """Make it, in the caller's transaction, on a desk without people."""
    now = timezone.now()
    clock = Clock()
    clock.set(now - BEGINNING)
    with clock.running():
        cast = Cast({}, clock.moment)
        _teams()
        _customers()
        _people(cast)
        add_channel("email", name="Support", address=company.SUPPORT, queue="Support")
        for story, step in _in_order():
            cast.moment = now - (step.ago if step else story.ago)
            clock.set(max(cast.moment, clock.moment))
            if step:
                step.act(cast, cast.tickets[story.slug])
            else:
                cast.tickets[story.slug] = open_story(story, cast, now)
    return cast


def sign_ins() -> list[SignIn]:
    """The demo's people with a password, staff first. None where the demo company is not."""
    if not Channel.objects.filter(address=company.SUPPORT).exists():
        return []
    names = dict(Role.objects.values_list("slug", "name"))
    return [
        SignIn(
            role=names[person.grants[0][0] if person.grants else "customer"],
            name=person.name,
            email=person.email,
            password=company.PASSWORD,
        )
        for person in (*company.STAFF, *company.PEOPLE)
        if person.signs_in
    ]


def _in_order() -> list[tuple[Story, Step | None]]:
    """All openings (no step) and steps of all stories, the oldest first."""
    told: list[tuple[Story, Step | None]] = [(story, None) for story in STORIES]
    told += [(story, step) for story in STORIES for step in story.steps]
    return sorted(told, key=lambda each: -(each[1].ago if each[1] else each[0].ago).total_seconds())


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
    for person in (*company.STAFF, *company.PEOPLE):
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
