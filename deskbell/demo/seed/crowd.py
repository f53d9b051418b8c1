"""The people of the load test: the same 2,000 customers and 40 staff, however many tickets there are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import accumulate
from random import Random

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, UNUSABLE_PASSWORD_SUFFIX_LENGTH
from django.utils.crypto import get_random_string

from deskbell.demo.seed.load import Table, reserve
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.kinds import Happened
from deskbell.people import events
from deskbell.people.actions import create_team
from deskbell.people.models import Organization, Role, Team, User

#: no mail server will ever answer for it
DOMAIN = "load.example"
TEAMS = ("Service desk", "Field service", "Network", "Office", "Projects", "Security")
ORGANIZATIONS, CUSTOMERS = 150, 2_000
#: beginning of the address, role, how many, whether each belongs to one team
STAFF = (
    ("owner", "owner", 1, False),
    ("admin", "admin", 2, False),
    ("supervisor", "supervisor", 3, False),
    ("agent", "agent", 9, False),
    ("agent_of_team", "agent", 21, True),
    ("engineer", "engineer", 3, True),
    ("auditor", "auditor", 1, False),
)
FIRST = [
    "Ada",
    "Bela",
    "Cato",
    "Dina",
    "Emil",
    "Fenja",
    "Gero",
    "Hanne",
    "Ilka",
    "Jorid",
    "Kasimir",
    "Lotte",
    "Milan",
    "Nelia",
    "Otis",
    "Pippa",
    "Quirin",
    "Rosa",
    "Sven",
    "Tilda",
    "Ulf",
    "Vera",
    "Wim",
    "Xenia",
    "Yann",
    "Zita",
]
LAST = [
    "Abend",
    "Birkholt",
    "Crane",
    "Dorn",
    "Eberling",
    "Fennimore",
    "Gladwyn",
    "Hollin",
    "Ivens",
    "Jarrow",
    "Kestner",
    "Lindqvist",
    "Marlowe",
    "Nyberg",
    "Oakes",
    "Pellow",
    "Quast",
    "Rowntree",
    "Stellan",
    "Thorne",
    "Ullmer",
    "Vance",
    "Wexford",
    "Yardley",
    "Zeller",
]


@dataclass(frozen=True)
class Customer:
    user: int
    organization: int
    manager: bool


@dataclass(frozen=True)
class Crowd:
    """Ids. `agents` are the staff who answer: all roles but the auditor's, each with a team or none."""

    customers: list[Customer]
    agents: list[tuple[int, int | None]]
    engineers: list[tuple[int, int]]
    teams: list[int]
    #: how often each customer asks: few ask much
    weights: list[float]

    @cached_property
    def desk(self) -> list[int]:
        """Those who see every ticket."""
        return [pk for pk, team in self.agents if team is None]

    @cached_property
    def cumulated(self) -> list[float]:
        """The weights as `random.choices` takes them fastest."""
        return list(accumulate(self.weights))


def ensure(now: datetime) -> Crowd:
    """The crowd, made unless a seed before this one has."""
    teams = [Team.objects.filter(name=name).first() or create_team(name) for name in TEAMS]
    if not User.objects.filter(email=_staff_email("owner", 0)).exists():
        _make([team.pk for team in teams], now)
    return _known([team.pk for team in teams])


def _known(teams: list[int]) -> Crowd:
    ours = User.objects.filter(email__endswith=f".{DOMAIN}").order_by("pk")
    customers = [
        Customer(pk, organization or 0, "customer_manager" in (email or ""))
        for pk, organization, email in ours.values_list("pk", "organization_id", "email")
    ]
    staff = User.objects.filter(email__endswith=f"@{DOMAIN}").order_by("pk")
    granted = staff.filter(grants__role__permissions__contains=["ticket.reply"])
    rows = granted.values_list("pk", "grants__team_id", "grants__role__slug")
    return Crowd(
        customers=customers,
        agents=[(pk, team) for pk, team, role in rows if role != "engineer"],
        engineers=[(pk, team) for pk, team, role in rows if role == "engineer"],
        teams=teams,
        weights=[1 / (rank + 4) for rank in range(len(customers))],
    )


# --- what people.actions.create_user and create_organization would have written ------------------


def _make(teams: list[int], now: datetime) -> None:
    random = Random(7)  # noqa: S311  not a secret
    roles = dict(Role.objects.values_list("slug", "pk"))
    writer = _Writer(roles, now)
    organizations = [writer.organization(number) for number in range(ORGANIZATIONS)]
    for begin, role, count, in_team in STAFF:
        for number in range(count):
            team = teams[number % len(teams)] if in_team else None
            writer.person(_name(random), _staff_email(begin, number), role, team)
    for number in range(CUSTOMERS):
        role = "customer_manager" if number % 13 == 0 else "customer"
        organization, domain = organizations[number % ORGANIZATIONS]
        writer.person(_name(random), f"{role}{number}@{domain}", role, None, organization)
    writer.write()


def _staff_email(begin: str, number: int) -> str:
    return f"{begin}{number}@{DOMAIN}"


def _name(random: Random) -> str:
    return f"{random.choice(FIRST)} {random.choice(LAST)}"


class _Writer:
    def __init__(self, roles: dict[str, int], now: datetime) -> None:
        self.roles, self.now = roles, now
        self.people_ids = iter(reserve("people_user", CUSTOMERS + 100))
        self.identity_ids = iter(reserve("people_identity", CUSTOMERS + 100))
        self.event_ids = iter(reserve("events_event", 12 * CUSTOMERS))
        self.users = Table(
            "people_user",
            "id password name email organization_id language time_zone notes signature is_active",
        )
        self.identities = Table(
            "people_identity", "id user_id kind scope key given primary verified_at verified_how"
        )
        self.addresses = Table("account_emailaddress", 'user_id email verified "primary"')
        self.grants = Table("people_grant", "user_id role_id team_id")
        self.domains = Table("people_organizationdomain", "organization_id domain")
        self.events = Table(
            "events_event", "id at kind actor_kind actor_id about_kind about_id audience data"
        )
        self.details = Table("events_eventdetail", "event_id values")

    def organization(self, number: int) -> tuple[int, str]:
        """Its id and domain."""
        row = Organization.objects.create(name=f"Customer {number:03d}")
        domain = f"c{number:03d}.{DOMAIN}"
        self.domains.add(row.pk, domain)
        self.event(events.OrganizationAdded(), "organization", row.pk)
        self.event(events.OrganizationChanged(fields=["domains"]), "organization", row.pk)
        return row.pk, domain

    def person(
        self, name: str, email: str, role: str, team: int | None, organization: int | None = None
    ) -> None:
        pk, identity = next(self.people_ids), next(self.identity_ids)
        password = UNUSABLE_PASSWORD_PREFIX + get_random_string(UNUSABLE_PASSWORD_SUFFIX_LENGTH)
        self.users.add(pk, password, name, email, organization, "", "", "", "", True)
        self.identities.add(identity, pk, "email", "", email, email, True, self.now, "admin")
        self.addresses.add(pk, email, True, True)
        self.grants.add(pk, self.roles["customer"], None)
        self.event(events.PersonAdded(how="made"), "user", pk)
        self.event(events.IdentityAdded(identity_kind="email", verified_how="", given=email), "user", pk)
        self.event(events.IdentityVerified(identity_id=identity, how="admin"), "user", pk)
        if role != "customer":
            self.grants.add(pk, self.roles[role], team)
            self.event(events.RightsChanged(added=[role], removed=[]), "user", pk)

    def event(self, event: Happened, about: str, pk: int, by: Actor = SYSTEM) -> None:
        event_id = next(self.event_ids)
        data = json.dumps(event.plain())
        self.events.add(event_id, self.now, event.kind, by.kind, by.id, about, pk, event.heard_by(), data)
        if event.erasable:
            self.details.add(event_id, json.dumps(event.private()))

    def write(self) -> None:
        for table in (
            self.users, self.identities, self.addresses, self.grants, self.domains, self.events, self.details,
        ):  # fmt: skip
            table.copy()
