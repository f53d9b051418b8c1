"""What came from outside within the last day, through the same intake as on any desk: so that the ledger of
what was received shows every end that a mail or a form can come to.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage

from deskbell.channels import inbound
from deskbell.channels.actions import take_in
from deskbell.channels.email import references
from deskbell.channels.models import InboundItem
from deskbell.demo import writing
from deskbell.demo.company import SUPPORT
from deskbell.demo.telling import HOUR, MINUTE, Cast, Step, Story, claims, replies, resolves
from deskbell.tickets.models import Message, Ticket

#: what a mail server at home says while its owner is away; nobody here knows the address
ELSEWHERE = ("Harrow Street Florist", "orders@harrow-florist.example")


@dataclass(frozen=True, kw_only=True)
class Arrival(Story):
    """A story whose first words are taken in, not told: by the web form, or by mail."""

    def open(self, cast: Cast, now: datetime) -> Ticket:
        person = cast[self.who]
        if self.source == "webform":
            item = writing.fill_form(
                name=person.name, address=str(person.email), subject=self.subject, text=self.text, files=[]
            )
        else:
            item = writing.send_mail(
                name=person.name,
                address=str(person.email),
                subject=self.subject,
                text=self.text,
                files=[],
                key=self.slug,
            )
        decided = inbound.receive(item)
        return Ticket.objects.get(number=decided["ticket"])


def mails(ago: timedelta, who: str, text: str, *, subject: str = "", automatic: bool = False) -> Step:
    """`who` writes to the desk: an answer to its newest words on the ticket, or about a new `subject`."""

    def act(cast: Cast, ticket: Ticket) -> object:
        name, address = (cast[who].name, str(cast[who].email)) if who else ELSEWHERE
        item = writing.send_mail(
            name=name,
            address=address,
            subject=subject,
            text=text,
            files=[],
            key=f"{cast.moment:%Y%m%d%H%M%S}",
            answers=None if subject else _newest_words(ticket),
            automatic=automatic,
        )
        return inbound.receive(item)

    return Step(ago, act)


def comes_twice(ago: timedelta) -> Step:
    """The first mail of the ticket is delivered again, as servers do that were not sure of the first time."""

    def act(cast: Cast, ticket: Ticket) -> object:
        first = InboundItem.objects.filter(ticket_id=ticket.pk).order_by("pk")[0]
        again = take_in(bytes(first.raw), to=SUPPORT, sender=first.envelope_from)
        return inbound.receive(again.pk)

    return Step(ago, act)


def _newest_words(ticket: Ticket) -> EmailMessage:
    said = Message.objects.filter(ticket=ticket, direction="out", visibility="public").order_by("-pk")[0]
    mail = EmailMessage()
    mail["Subject"] = f"{ticket.subject} {references.subject_token(ticket.number)}"
    mail["Message-ID"] = references.message_id(ticket.pk, said.pk)
    mail["Date"] = said.created_at
    mail.set_content(said.text)
    return mail


ARRIVALS = (
    Arrival(
        slug="hearing-loop",
        ago=8 * HOUR,
        who="joy",
        source="mail",
        subject="The hearing loop in the day room hums",
        text=(
            "Good morning,\n\nsince the new switch was put in, the hearing loop in the day room hums. Three "
            "of our residents have turned their hearing aids off, and it is choir this afternoon.\n\n"
            "With many thanks\nJoy"
        ),
        steps=(
            comes_twice(8 * HOUR - 3 * MINUTE),
            claims(7.5 * HOUR, "agent"),
            replies(
                7.4 * HOUR,
                "agent",
                "Good morning Joy,\n\nthe switch has a power supply that hums itself. Please pull the small "
                "black plug beside the piano and put it into the socket on the other wall. Is it quiet then?",
                status="waiting-for-customer",
            ),
            mails(6.5 * HOUR, "joy", "It is quiet! The choir thanks you, and so do I.\n\nJoy"),
            mails(6.4 * HOUR, "office_agent", "Please put the new power supply on their next invoice."),
            resolves(6.2 * HOUR, "agent"),
        ),
    ),
    Arrival(
        slug="recovery-address",
        ago=4.5 * HOUR,
        who="petra",
        source="webform",
        subject="New phone, cannot read my mail on it",
        text="I have a new phone. It asks for a server name. My old one is in the drawer and still works.",
        steps=(
            claims(4.2 * HOUR, "agent"),
            replies(
                4.1 * HOUR,
                "agent",
                "Hello Petra,\n\ntake *mail.mailbox.example* and the same password as on the old phone. "
                "Does it show your mails?",
                status="waiting-for-customer",
            ),
            mails(
                4.1 * HOUR - 2 * MINUTE,
                "petra",
                "I am at the lake until Sunday and read no mail there.",
                automatic=True,
            ),
            mails(
                3.4 * HOUR,
                "reader",
                "Could I have a second screen for the night desk? Dana said I should ask.",
                subject="Second screen",
            ),
            mails(
                2.6 * HOUR,
                "",
                "We have received your order and answer within two days.",
                subject="Automatic reply: your order",
                automatic=True,
            ),
        ),
    ),
)
