"""The demo's WhatsApp number, and its stories that are chats: told through the same intake, outbox and
webhooks as later, with the other side in this process while they are told.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from deskbell.channels import inbound
from deskbell.channels.actions.webhooks import handle_webhook, store_webhook
from deskbell.channels.actions.whatsapp import Given, add_whatsapp
from deskbell.channels.actions.whatsapp_health import sync_templates
from deskbell.channels.models import Channel, InboundItem, Webhook, WhatsAppNumber
from deskbell.demo import company, pictures
from deskbell.demo.telling import DAY, HOUR, MINUTE, Cast, File, Step, Story, claims, replies, resolves
from deskbell.demo.whatsapp import place
from deskbell.demo.whatsapp.phones import Bubble, Phones
from deskbell.demo.whatsapp.server import serve
from deskbell.demo.whatsapp.sim import APP_SECRET, DISPLAY, NUMBER_ID, TOKEN, VERIFY, WABA_ID
from deskbell.events import subscribe
from deskbell.events.models import Delivery, Event
from deskbell.notifications import answers, chat
from deskbell.outbox import delivery
from deskbell.outbox.models import OutboxItem
from deskbell.people.actions import bind_whatsapp
from deskbell.people.events import NumberProven
from deskbell.tickets.models import Message, Ticket

NAME = "WhatsApp"
#: somebody of whom the desk knows nothing but his number
STRANGER = ("447700900731", "Rosa Menardi")


def digits(phone: str) -> str:
    """A phone number as WhatsApp writes it."""
    return "".join(sign for sign in phone if sign.isdigit())


#: slug of a person, or empty for the stranger → number and name
PHONES = {
    **{each.slug: (digits(each.phone), each.name) for each in company.PEOPLE if each.phone},
    "": STRANGER,
}


#: who sent a link of the portal from his phone, and so can sign in by it
PROVEN = ("doug", "imogen", "petra", "engineer")


def number() -> Channel | None:
    """The demo's number at the simulator; none in a demo of before there was one."""
    found = Channel.objects.select_related("whatsapp")
    return found.filter(kind=Channel.Kind.WHATSAPP_CLOUD, address=NUMBER_ID).first()


def connect() -> None:
    """Let the number and its other side know where each is, at every start. Makes a missing number."""
    channel = number() or add_number(place.address(settings.DATA_DIR))
    # part of setting the demo up: where its other side listens is nobody's decision
    where = {"base_url": place.address(settings.DATA_DIR), "checked_at": timezone.now()}
    WhatsAppNumber.objects.filter(channel=channel).update(**where)
    place.note_webhook(settings.DATA_DIR, reverse("whatsapp_webhook", args=[channel.uuid]))


def add_number(address: str) -> Channel:
    channel = add_whatsapp(NAME, Given(NUMBER_ID, WABA_ID, TOKEN, APP_SECRET, VERIFY, base_url=address))
    shown = {"display_number": DISPLAY, "verified_name": company.NAME}
    WhatsAppNumber.objects.filter(channel=channel).update(**shown)
    return channel


def keep_quiet(happened: QuerySet[Event]) -> None:
    """Mark it as heard by everybody: it is history, nobody is told of it now."""
    Delivery.objects.bulk_create(
        Delivery(event_id=pk, subscriber=subscriber.name)
        for pk, kind in happened.values_list("pk", "kind")
        for subscriber in subscribe.later_subscribers(kind)
    )


@contextmanager
def telling(cast: Cast) -> Iterator[None]:
    """While the chats of `cast` are told; what the phones show is kept once it is committed."""
    with serve(Phones()) as phones:
        assert isinstance(phones, Phones)
        phones.tells = ()
        cast.phones = phones
        sync_templates(add_number(phones.address))
        yield
    for each in (*company.STAFF, *company.PEOPLE):
        if each.slug in PROVEN:
            bind_whatsapp(cast.people[each.slug], wa_id=digits(each.phone), bsuid="", scope="")
    keep_quiet(Event.objects.filter(kind=NumberProven.kind))
    transaction.on_commit(lambda: phones.keep(place.folder(settings.DATA_DIR)))
    transaction.on_commit(connect)


# --- what passes between phone and desk -----------------------------------------------------------


def _phones(cast: Cast) -> Phones:
    """As they are at the moment that is told."""
    assert cast.phones is not None
    cast.phones.clock = cast.moment.timestamp() - time.time()
    return cast.phones


def _hear(phones: Phones) -> list[InboundItem]:
    """Take in what the phones have posted, as web and worker do; what came of it."""
    channel, heard = number(), []
    assert channel is not None
    for body in phones.drain():
        store_webhook(channel, body.encode())
        handle_webhook(Webhook.objects.latest("pk").pk)
    for item in InboundItem.objects.filter(channel=channel, state="received").order_by("pk"):
        inbound.receive(item.pk)
        heard.append(InboundItem.objects.get(pk=item.pk))
    return heard


def _send(cast: Cast, state: str) -> None:
    """Send what was put for the chats, and let the phone say how far it came."""
    phones, before = _phones(cast), len(_phones(cast).sent)
    items = OutboxItem.objects.filter(driver="whatsapp-cloud", state="queued").order_by("pk")
    for item in items:
        # columns that the database dates: these are told of another time
        OutboxItem.objects.filter(pk=item.pk).update(created_at=cast.moment, next_try_at=cast.moment)
        delivery.send_item(item.pk)
    for sent in phones.sent[before:]:
        for each in ("sent", "delivered", "read")[: 3 if state == "read" else 2]:
            phones.tell(sent, each)
    _hear(phones)


@dataclass(frozen=True, kw_only=True)
class Chat(Story):
    """A story that begins on a phone; of its `files` the first is the photo. `who` is empty for STRANGER."""

    source: str = "whatsapp"
    #: how far the greeting came
    greeted: str = "read"
    steps: tuple[Step, ...] = field(default=())

    def open(self, cast: Cast, now: datetime) -> Ticket:
        _write(cast, self.who, self.text, self.files)
        (item,) = _hear(_phones(cast))
        assert item.ticket_id is not None
        ticket = Ticket.objects.select_related("conversation", "requester").get(pk=item.ticket_id)
        chat.put_received(ticket, kind=answers.KIND)
        _send(cast, self.greeted)
        return ticket


def _write(cast: Cast, who: str, text: str, files: tuple[File, ...] = (), quotes: str = "") -> None:
    phones, (digits, name) = _phones(cast), PHONES[who]
    if files:
        content = files[0].content(cast.moment)
        message = phones.file(digits, "image", content, "image/jpeg", caption=text, name=name, quotes=quotes)
    else:
        message = phones.text(digits, text, name=name, quotes=quotes)
    phones.post(phones.envelope(message))


def writes(ago: timedelta, who: str, text: str, *files: File, quoting: bool = False) -> Step:
    """The customer goes on in the chat, `quoting` the desk's newest words or not."""

    def act(cast: Cast, ticket: Ticket) -> None:
        newest = _newest_of_desk(_phones(cast), who)
        _write(cast, who, text, files, newest.wamid if quoting else "")
        _hear(_phones(cast))

    return Step(ago, act)


def reacts(ago: timedelta, who: str, sign: str) -> Step:
    """The customer puts a sign to the desk's newest words."""

    def act(cast: Cast, ticket: Ticket) -> None:
        phones = _phones(cast)
        about = _newest_of_desk(phones, who)
        phones.post(phones.envelope(phones.reaction(PHONES[who][0], about.wamid, sign)))
        _hear(phones)

    return Step(ago, act)


def _newest_of_desk(phones: Phones, who: str) -> Bubble:
    return [each for each in phones.of(PHONES[who][0]) if each.from_desk][-1]


def answers_chat(
    ago: timedelta, who: str, text: str, *files: File, status: str = "", state: str = "read"
) -> Step:
    """Staff reply, it leaves by the chat and comes as far as `state`."""
    said = replies(ago, who, text, *files, status=status)

    def act(cast: Cast, ticket: Ticket) -> None:
        message = said.act(cast, ticket)
        assert isinstance(message, Message)
        fresh = Ticket.objects.select_related("conversation").get(pk=ticket.pk)
        chat.put_reply(fresh, message, kind="ticket.reply")
        _send(cast, state)

    return Step(ago, act)


def _photo(name: str, *lines: str) -> File:
    return File(name, pictures.maker(name, "display", list(lines)))


CHATS = (
    Chat(
        slug="chat-till",
        ago=1.9 * DAY,
        who="petra",
        subject="",
        text="Hello, my tablet asks for an update every morning. Should I let it?",
        steps=(
            claims(1.88 * DAY, "agent"),
            answers_chat(
                1.87 * DAY,
                "agent",
                "Good morning Petra, **yes**: plug it in tonight and press *Install*. It takes half an hour "
                "and must not be interrupted.",
                status="waiting-for-customer",
            ),
            writes(1.1 * DAY, "petra", "Done, and it is quicker than before!"),
            answers_chat(1.05 * DAY, "agent", "Lovely. Then we are done here."),
            reacts(1.05 * DAY - 2 * MINUTE, "petra", "👍"),
            resolves(1.04 * DAY, "agent"),
        ),
    ),
    Chat(
        slug="chat-bottling",
        ago=3.2 * HOUR,
        who="doug",
        subject="",
        text="Bottling line stands still, the display says this",
        files=(_photo("display.jpg", "E-17 DRIVE 2", "TEMP HIGH  84 C"),),
        steps=(
            claims(3.1 * HOUR, "agent"),
            answers_chat(
                3.05 * HOUR,
                "agent",
                "Hello Doug, drive 2 is too hot. Please do *not* restart the PC. Is the fan behind the grey "
                "door turning?",
                status="waiting-for-customer",
            ),
            writes(2.9 * HOUR, "doug", "No, there is a label stuck in it!", quoting=True),
            answers_chat(
                2.8 * HOUR,
                "agent",
                "Good find. Switch off at the **main switch**, take the label out, wait ten minutes, "
                "then:\n\n"
                "1. main switch on\n2. press *Reset* on the display\n3. tell me what it shows",
                status="waiting-for-customer",
                state="delivered",
            ),
        ),
    ),
    Chat(
        slug="chat-window",
        ago=21.4 * HOUR,
        who="imogen",
        subject="",
        text="The scanner at the front desk takes every page twice. No hurry, tomorrow is fine.",
        greeted="read",
    ),
    Chat(
        slug="chat-stranger",
        ago=14 * MINUTE,
        who="",
        subject="",
        text="Hi, is this the IT company? The screen of our ticket machine in the tea room looks like this",
        files=(_photo("machine.jpg", "PAPER JAM", "CALL SERVICE"),),
        greeted="delivered",
    ),
)
