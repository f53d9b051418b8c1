"""Two random customers, and what the database says of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone
from hypothesis import strategies as st

from deskbell.channels.actions.references import make_reference
from deskbell.events.actor import SYSTEM
from deskbell.people import actions as people
from deskbell.people.models import (
    Identity,
    IdentityProvider,
    MembershipRequest,
    NotificationChoice,
    Organization,
    ProviderLink,
    User,
)
from deskbell.people.references import Fate, references
from deskbell.tickets import actions
from deskbell.tickets.actions.conversations import heard_in_chat
from deskbell.tickets.content import Content
from deskbell.tickets.models import Draft, ReadMark, Ticket, TicketPass, Watcher
from tests import stories

#: what merging may leave behind: records of what happened, jobs, and ended sign-ins
LEFT = ("events_", "procrastinate_", "django_", "kit_cache", "people_personmerge")


@dataclass(frozen=True)
class Side:
    email: bool
    second: bool
    phone: bool
    chats: int
    named: bool
    organization: int | None
    notes: bool
    password: bool
    token: bool
    linked: bool
    tickets: int
    drafts: bool
    reads: bool
    passes: bool
    asks: bool
    manages: bool
    chooses: bool
    redeems: bool
    #: in the other one's tickets
    copied: bool
    writes: bool


sides = st.builds(
    Side,
    **{
        name: st.booleans()
        for name in (
            "email", "second", "phone", "named", "notes", "password", "token", "linked", "drafts", "reads",
            "passes", "asks", "manages", "chooses", "redeems", "copied", "writes",
        )
    },
    chats=st.integers(0, 2),
    organization=st.sampled_from((None, 0, 1)),
    tickets=st.integers(0, 2),
)  # fmt: skip


class Two:
    def __init__(self, source: Side, target: Side) -> None:
        self.agent = stories.staff("supervisor")
        self.companies = [stories.organization(), stories.organization()]
        self.provider = IdentityProvider.objects.create(
            name="Known", issuer="https://id.example", client_id="c"
        )
        self.common = stories.ticket()
        made = [self._make(n, side) for n, side in enumerate((source, target))]
        self.tickets = [self._ask(person, side) for person, side in zip(made, (source, target), strict=True)]
        for n, side in enumerate((source, target)):
            self._meddle(made[n], side, self.tickets[1 - n])
        self.source, self.target = (User.objects.get(pk=each.pk) for each in made)

    def _make(self, n: int, side: Side) -> User:
        person = people.create_person(name=f"Person {n}" if side.named else "", how="mail", by=SYSTEM)
        if side.email:
            people.add_identity(person, "email", f"P{n}@mail.example", by=SYSTEM)
        if side.second:
            second = people.add_identity(person, "email", f"p{n}@home.example", by=SYSTEM)
            people.verify_identity(second, how="link", by=SYSTEM)
        if side.phone:
            people.add_identity(person, "phone", f"+4930555000{n}", by=SYSTEM)
        for chat in range(side.chats):
            number = f"49170555{n}{chat}00"
            Identity.objects.create(
                user=person, kind="wa_id", key=number, given=f"+{number}", primary=chat == 0
            )
            heard_in_chat(1 + chat, number, person, at=timezone.now())
        values = {"notes": f"Notes of {n}"} if side.notes else {}
        if side.organization is not None:
            values["organization"] = self.companies[side.organization]
        people.change_person(User.objects.get(pk=person.pk), by=SYSTEM, **values)
        self._ways_in(person, n, side)
        return User.objects.get(pk=person.pk)

    def _ways_in(self, person: User, n: int, side: Side) -> None:
        if side.password:
            people.set_password(person, "quiet-harbour-41", how="made", by=SYSTEM)
        if side.token:
            people.create_token(person, name="mine")
        if side.linked:
            ProviderLink.objects.create(user=person, provider=self.provider, subject=f"s{n}")
        if side.manages:
            people.grant(person, "customer_manager")
        if side.chooses:
            NotificationChoice.objects.create(user=person, event="ticket.received", way="email", on=False)
        if side.redeems:
            make_reference(person)
        if side.asks:
            MembershipRequest.objects.create(user=person, organization=self.companies[0])

    def _ask(self, person: User, side: Side) -> list[Ticket]:
        return [stories.ticket(person) for _n in range(side.tickets)]

    def _meddle(self, person: User, side: Side, others: list[Ticket]) -> None:
        for ticket in [*others, self.common]:
            if side.copied:
                actions.add_copy(ticket, person, by=self.agent)
            if side.copied and side.writes:
                actions.customer_reply(ticket, Content.markdown("Me too."), by=person)
            if side.reads:
                ReadMark.objects.create(user=person, ticket=ticket, message_id=ticket.last_message_id)
            if side.passes:
                TicketPass.objects.create(
                    user=person, ticket=ticket, expires_at=timezone.now() + timedelta(days=3)
                )
            if side.drafts:
                Draft.objects.create(user=person, ticket=ticket, kind="reply", text="I also")


def written() -> dict[str, list[str]]:
    """Every row of every table, as text, but for what merging may leave behind."""
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = 'public'")
        tables = [name for (name,) in cursor.fetchall() if not name.startswith(LEFT)]
        rows = {}
        for table in tables:
            cursor.execute(f'select r::text from "{table}" r order by 1')
            rows[table] = [row for (row,) in cursor.fetchall()]
    return rows


def left_behind(person: User) -> dict[str, int]:
    """What still points to somebody who was merged and should not."""
    columns = references(Fate.MOVES, Fate.WITHDRAWN)
    found = {each.key: each.model._default_manager.filter(**{each.name: person}).count() for each in columns}
    return {key: count for key, count in found.items() if count}


def copies_of_own_tickets(person: User) -> int:
    return Watcher.objects.filter(user=person, kind="cc", ticket__requester=person).count()


def organization_of(person: User) -> Organization | None:
    return User.objects.select_related("organization").get(pk=person.pk).organization
