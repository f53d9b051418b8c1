"""One desk with somebody of every role and tickets at every distance from each of them.

Each ticket has a word of its own in its subject, one in its first message and file name, and every second
one an internal note, a forward and a supplier's answer with a word that nobody but the staff who reach the
ticket may ever read.
"""

from __future__ import annotations

from dataclasses import dataclass

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.db.models import Model

from deskbell.channels.actions import add_channel
from deskbell.channels.models import InboundItem
from deskbell.events.actor import SYSTEM
from deskbell.files.actions import store
from deskbell.kit.secrets import seal
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions as people
from deskbell.people import second_factor
from deskbell.people.models import Invitation, MembershipRequest, Organization, Role, Site, Team, User
from deskbell.tickets import actions
from deskbell.tickets.actions.bulk import work_off
from deskbell.tickets.actions.passes import make_pass
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import (
    Attachment,
    BulkChange,
    HeldReply,
    Message,
    SavedReply,
    Status,
    Ticket,
    TicketPass,
    TicketType,
)
from tests import stories

ROLES = (
    "signed out",
    "customer",
    "customer_manager",
    "reader",
    "engineer",
    "agent",
    "one-team agent",
    "supervisor",
    "auditor",
    "admin",
    "owner",
)
#: see every ticket
ALL_SEEING = frozenset({"agent", "supervisor", "auditor", "admin", "owner"})
#: work at the desk
STAFF = ALL_SEEING | {"engineer", "one-team agent"}
CUSTOMERS = frozenset({"customer", "customer_manager"})
#: customers and those who may only read what their organisation asked
READERS = CUSTOMERS | {"reader"}


@dataclass(frozen=True)
class Case:
    """A ticket of `whose`, and the words that give it away."""

    ticket: Ticket
    whose: str
    public: str
    subject: str
    #: of the internal note and its file; empty when there is none
    secret: str
    #: of its tag, which is for all staff and no customer
    tag: str
    messages: dict[str, Message]
    files: dict[str, Attachment]
    #: lets its requester in by a link
    opened: TicketPass
    #: a mail about it that failed
    undelivered: OutboxItem
    #: a reply of the owner's that has not left; it has the secret word
    held: HeldReply


#: role → whose tickets it sees; every other role sees all or none
SEEN = {
    "signed out": frozenset(),
    "customer": frozenset({"own"}),
    "customer_manager": frozenset({"own", "manager", "organisation"}),
    "reader": frozenset({"own", "manager", "organisation"}),
    "engineer": frozenset({"assigned"}),
    "one-team agent": frozenset({"team"}),
}


@dataclass
class World:
    people: dict[str, User | None]
    cases: list[Case]
    invitation: Invitation
    #: of Acme, by its manager
    colleague: Invitation
    #: somebody would belong to Acme
    asked: MembershipRequest
    item: InboundItem
    #: of the owner, done a moment ago
    bulk: BulkChange
    #: has a second factor
    kim: User
    #: everyone's
    reply: SavedReply

    def shaped(self) -> dict[str, Model]:
        """One of everything that an administrator shapes; the role, the type and the site are not in use."""
        return {
            "team": Team.objects.get(name="Field"),
            "role": Role.objects.get(name="Spare"),
            "organization": Organization.objects.get(name="Acme"),
            "site": Site.objects.get(name="Acme head office"),
            "queue": self.cases[0].ticket.queue,
            "status": self.cases[0].ticket.status,
            "spare_status": Status.objects.get(slug="in-progress"),
            "type": TicketType.objects.order_by("position")[0],
            "tag": self.cases[0].ticket.tags.order_by("pk")[0],
        }

    def user(self, role: str) -> User:
        """The person of `role`, who must be signed in."""
        user = self.people[role]
        assert user is not None
        return user

    def sees(self, role: str, case: Case) -> bool:
        return role in ALL_SEEING or case.whose in SEEN[role]

    def sees_notes(self, role: str, case: Case) -> bool:
        return role in STAFF and self.sees(role, case)

    def forbidden_words(self, role: str) -> list[str]:
        """Words that may stand in no answer to `role`."""
        words = []
        for case in self.cases:
            if not self.sees(role, case):
                words += [case.public, case.subject]
            if case.secret and not self.sees_notes(role, case):
                words.append(case.secret)
            if role not in STAFF:
                words.append(case.tag)
        return words


def build() -> World:
    company = people.create_organization("Acme", domains=["acme.example"])
    for name in ("Acme head office", "Acme warehouse"):  # with two of them no ticket takes one by itself
        people.create_site(company, name)
    team = stories.team("Field")
    people.create_role("Spare", scope="all", by=SYSTEM)
    cast: dict[str, User | None] = {
        "signed out": None,
        "customer": stories.customer(company, name="Lena"),
        "customer_manager": stories.customer(company, role="customer_manager", name="Otto"),
        "reader": stories.customer(company, role="read_only_organization", name="Rita"),
        "engineer": stories.staff("engineer", name="Ewa"),
        "one-team agent": stories.staff("agent", team=team, name="Theo"),
    }
    cast |= {role: stories.staff(role, name=role.title()) for role in sorted(ALL_SEEING)}
    kim, stranger = stories.customer(company, name="Kim"), stories.customer(name="Stranger")
    owner, engineer = cast["owner"], cast["engineer"]
    assert owner and engineer
    askers: list[tuple[str, User, dict]] = [
        ("own", cast["customer"], {}),  # type: ignore[list-item]
        ("manager", cast["customer_manager"], {}),  # type: ignore[list-item]
        ("organisation", kim, {}),
        ("stranger", stranger, {}),
        ("assigned", stranger, {"assignee": engineer}),
        ("team", stranger, {"team": team}),
    ]
    secret = second_factor.new_secret()
    code = format_hotp_value(hotp_value(secret, next(yield_hotp_counters_from_time())))
    people.switch_on_second_factor(kim, secret, code=code, by=kim)
    cases = [_case(asker, whose, n, owner, more) for whose, asker, more in askers for n in (1, 2)]
    invitation = people.invite("new@desk.example", role="agent", by=owner)
    manager = cast["customer_manager"]
    assert manager
    colleague = people.invite_colleague("new@acme.example", level="read_only", by=manager)
    asked = MembershipRequest.objects.create(user=stranger, organization=company)
    mailbox = add_channel("email", name="Support", address="support@desk.example")
    item = InboundItem.objects.create(channel=mailbox, raw=b"Subject: x\r\n\r\nwords")
    bulk = actions.start_bulk([cases[0].ticket], "tag", "several", by=owner)
    work_off(bulk.pk)
    reply = actions.add_saved_reply(by=owner, name="Greeting", text="Hello", personal=False)
    return World(cast, cases, invitation, colleague, asked, item, bulk, kim, reply)


def _case(asker: User, whose: str, n: int, owner: User, more: dict) -> Case:
    public, subject = f"word{whose}{n}public", f"word{whose}{n}subject"
    secret, tag = f"word{whose}{n}secret" if n == 2 else "", f"word{whose}{n}tag"
    ticket = actions.open_ticket(
        requester=asker,
        subject=subject,
        content=_said(public),
        by=owner,
        source="web",
        tags=[tag],
        **more,
    )
    messages = {"public": ticket.messages.get()}
    if secret:
        ask_a_supplier(ticket, secret, messages["public"], owner)
        messages["internal"] = actions.note(ticket, _said(secret), by=owner)
        actions.redact_attachment(_spare(messages["internal"]), by=owner, reason=secret)
        actions.edit_note(messages["internal"], text=f"{secret} again", by=owner)
        actions.watch(ticket, by=owner)
    files = {kind: message.attachments.get() for kind, message in messages.items()}
    undelivered = OutboxItem.objects.create(
        driver="email",
        recipient="nobody@mail.example",
        kind="ticket.reply",
        cause_kind="access",
        cause_id=ticket.pk,
        ticket_id=ticket.pk,
        state="failed",
        payload=seal({"text": "words"}),
    )
    make_pass(ticket, asker)
    opened = TicketPass.objects.get(ticket=ticket)
    held = actions.hold_reply(ticket, Content.markdown(f"held {secret}"), by=owner, seconds=10)
    return Case(ticket, whose, public, subject, secret, tag, messages, files, opened, undelivered, held)


def ask_a_supplier(ticket: Ticket, secret: str, sent_on: Message, owner: User) -> None:
    """Both ways: the customer's message went to a supplier, who answered with a file of his own."""
    given = Forward(
        to=[f"{secret}-to@supplier.example"],
        text=f"{secret} forwarded",
        subject=f"{secret} of the forward",
        messages=[sent_on.pk],
    )
    forwarded = actions.forward(ticket, given, by=owner)
    supplier, _made = people.person_for_email("parts@supplier.example", name="Parts", how="mail")
    answer = _said(f"{secret} answered")
    actions.supplier_answer(forwarded, answer, asked=given.to[0], by=supplier)


def _said(word: str) -> Content:
    """A message with the word in its text and in a file of that name."""
    blob = store(word.encode())
    return Content(text=word, new_text=word, html=f"<p>{word}</p>", files=[NewFile(blob, f"{word}.txt")])


def _spare(message: Message) -> Attachment:
    """A second file, to be redacted with a reason that gives the word away."""
    return Attachment.objects.create(
        blob=store(b"spare"), message=message, filename=f"{message.text}-spare.txt", uploader=message.author
    )
