"""A mail of ours that comes back: understood, noted where it belongs, and never the beginning of a circle."""

from __future__ import annotations

import pytest
from django.test import Client

from deskbell.channels import actions as channel_actions
from deskbell.channels import inbound
from deskbell.channels.models import InboundItem
from deskbell.channels.reasons import why_returned
from deskbell.events.models import Event
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.outbox.results import Final
from deskbell.people.actions import invite, mark_undeliverable
from deskbell.people.models import Identity, User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Message, Status, Ticket
from tests import stories
from tests.channels.conftest import mail, store
from tests.notifications.conftest import text
from tests.notifications.test_notices import of_kind

LENA = "lena.hart@example.com"


@pytest.fixture
def mailbox(house):
    return channel_actions.add_channel("email", name="Support", address="help@desk.example")


@pytest.fixture
def mara(house):
    return stories.staff(name="Mara Lind")


def take_in(mailbox, raw: bytes, **envelope: str) -> InboundItem:
    return InboundItem.objects.get(pk=inbound.receive(store(mailbox, raw, **envelope).pk)["inbound"])


@pytest.fixture
def sent(mailbox, post, mara):
    """Lena's ticket, and the mail with the answer that left for her."""
    item = take_in(mailbox, mail())
    ticket = Ticket.objects.get(pk=item.ticket_id)
    post()
    actions.assign(ticket, mara, by=mara)
    actions.reply(ticket, Content.markdown("Please restart it."), by=mara)
    (reply,) = of_kind(post(), "ticket.reply")
    return ticket, reply


def group(recipient: str, action: str, status: str, diagnostic: str = "") -> str:
    said = f"Diagnostic-Code: smtp; {diagnostic}\n" if diagnostic else ""
    return f"Final-Recipient: rfc822; {recipient}\nAction: {action}\nStatus: {status}\n{said}\n"


def report(returned: str, *groups: str, subject: str = "Undelivered Mail Returned to Sender") -> bytes:
    return (
        "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example.net\nTo: help@desk.example\n"
        f"Subject: {subject}\nMessage-ID: <b{abs(hash(groups))}@mx.example.net>\nMIME-Version: 1.0\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="r"\n\n'
        "--r\nContent-Type: text/plain\n\nI am the mail system.\n\n"
        "--r\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.net\n\n"
        + "".join(groups)
        + f"--r\nContent-Type: text/rfc822-headers\n\nMessage-ID: {returned}\nSubject: Printer\n\n--r--\n"
    ).encode()


def item_of(reply) -> OutboxItem:
    return OutboxItem.objects.get(external_id=reply["Message-ID"])


def address(given: str = LENA) -> Identity:
    return Identity.objects.get(key=given)


def test_a_dead_address_is_told_marked_and_shown(sent, mailbox, post, mara):
    ticket, reply = sent
    people = User.objects.count()
    gone = group(LENA, "failed", "5.1.1", "550 5.1.1 no such user")
    item = take_in(mailbox, report(reply["Message-ID"], gone))
    assert (item.state, item.reason, item.ticket_id) == ("annotated", "bounce", ticket.pk)
    lost = item_of(reply)
    assert (lost.state, lost.error_code) == ("failed", "5.1.1")
    assert lost.error_text == "There is no such address. Its server said: 550 5.1.1 no such user"
    note = Message.objects.get(pk=item.message_id)
    assert (note.kind, note.visibility) == ("bounce", "internal")
    assert note.text.startswith(f"The mail to {LENA} came back. There is no such address.")
    (told,) = post()
    assert (told["To"], told["X-Deskbell-Type"]) == (f"Mara Lind <{mara.email}>", "ticket.undelivered")
    assert f"This did not reach {LENA}: Printer" in text(told)
    assert "There is no such address. Its server said: 550 5.1.1 no such user" in text(told)
    assert address().undeliverable_at
    assert User.objects.count() == people
    desk = Client()
    desk.force_login(mara)
    shown = "Mails to this address come back"
    assert shown in desk.get(f"/desk/tickets/{ticket.number}/").content.decode()
    assert shown in desk.get(f"/desk/people/{ticket.requester_id}/").content.decode()


def test_automatic_mails_to_it_stop_until_something_comes_in_from_it(sent, mailbox, post, mara):
    ticket, reply = sent
    take_in(mailbox, report(reply["Message-ID"], group(LENA, "failed", "5.1.1")))
    post()
    ticket.refresh_from_db()
    actions.change(ticket, by=mara, status=Status.objects.get(slug="resolved"))
    assert post() == []
    actions.reply(ticket, Content.markdown("Again by hand."), by=mara)
    assert [str(one["To"]) for one in post()] == [f"Lena Hart <{LENA}>"]
    take_in(mailbox, mail("I am here.", subject="New matter", message_id="<m9@example.com>"))
    assert address().undeliverable_at is None
    assert len(of_kind(post(), "ticket.received")) == 1
    happened = Event.objects.filter(kind="user.identity_undeliverable").order_by("pk")
    assert [event.data["undeliverable"] for event in happened] == [True, False]


@pytest.mark.parametrize(
    ("groups", "state", "marked"),
    [
        ([group(LENA, "delayed", "4.4.1", "451 busy")], "sent", False),
        ([group(LENA, "delivered", "2.0.0"), group("o@x.example", "failed", "5.1.1")], "sent", False),
        ([group("o@x.example", "delivered", "2.0.0"), group(LENA, "failed", "5.1.1")], "failed", True),
        ([group("forward@x.example", "failed", "5.1.1", "550 no")], "failed", False),
        ([group(LENA.upper(), "failed", "5.1.10", "550 5.1.10 RecipientNotFound")], "failed", True),
        ([group(LENA, "failed", "5.2.2", "552 full")], "failed", False),
        ([group(LENA, "failed", "4.4.7", "expired")], "failed", False),
    ],
    ids=["late", "another one", "second of two", "forwarded", "exchange", "full", "given up"],
)
def test_each_recipient_of_a_report_has_his_own_fate(sent, mailbox, post, groups, state, marked):
    _ticket, reply = sent
    item = take_in(mailbox, report(reply["Message-ID"], *groups))
    assert item.reason == "bounce"
    assert item_of(reply).state == state
    assert bool(address().undeliverable_at) == marked
    assert len(of_kind(post(), "ticket.undelivered")) == (state == "failed")


def test_a_late_mail_is_noted_in_words(sent, mailbox):
    _ticket, reply = sent
    item = take_in(mailbox, report(reply["Message-ID"], group(LENA, "delayed", "4.4.1", "451 busy")))
    words = f"The mail to {LENA} is late, its server goes on trying. 451 busy"
    assert Message.objects.get(pk=item.message_id).text.startswith(words)


def test_an_automatic_answer_that_comes_back_is_told_to_nobody_by_mail(mailbox, post, mara):
    ticket = Ticket.objects.get(pk=take_in(mailbox, mail()).ticket_id)
    actions.assign(ticket, mara, by=mara)
    (received,) = of_kind(post(), "ticket.received")
    item = take_in(mailbox, report(received["Message-ID"], group(LENA, "failed", "5.1.1", "550 no")))
    assert (item.state, item.ticket_id, item_of(received).state) == ("annotated", ticket.pk, "failed")
    assert post() == []
    assert Ticket.objects.count() == 1


QMAIL = """Hi. This is the qmail-send program at mx.example.net.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{to}>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 sorry, no mailbox here by that name
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

Return-Path: <help@desk.example>
References: <first@example.com>
Message-ID: {id}
Subject: Printer

Please restart it.
"""
POSTFIX = """This is the Postfix program at host mx.example.net.

I'm sorry to have to inform you that your message could not be delivered.

<{to}>: host mail.example.com said: 550 5.1.1 <{to}>: Recipient address rejected (in reply to RCPT TO)

> Message-Id: {id}
> From: help@desk.example
"""
EXCHANGE = """Delivery has failed to these recipients or groups:

{to}
The email address you entered couldn't be found.

Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found'

Original message headers:

Received: from desk.example by mx.example.net
Message-ID: {id}
"""


@pytest.mark.parametrize(
    ("words", "sender", "subject", "code"),
    [
        (QMAIL, "MAILER-DAEMON@mx.example.net", "failure notice", "5.1.1"),
        (POSTFIX, "MAILER-DAEMON@mx.example.net", "Undelivered Mail", "5.1.1"),
        (EXCHANGE, "MicrosoftExchange329e71ec@example.com", "Undeliverable: Printer", "5.1.10"),
        (EXCHANGE, "postmaster@example.com", "Unzustellbar: Printer", "5.1.10"),
    ],
    ids=["qmail", "postfix", "exchange", "postmaster"],
)
def test_a_bounce_without_a_report_is_known_by_the_ids_in_its_text(
    sent, mailbox, words, sender, subject, code
):
    ticket, reply = sent
    raw = mail(
        words.format(to=LENA, id=reply["Message-ID"]),
        sender=sender,
        subject=subject,
        message_id="<q@mx.example.net>",
        Auto_Submitted="auto-replied" if "DAEMON" in sender else "no",
    )
    item = take_in(mailbox, raw)
    assert (item.state, item.reason, item.ticket_id) == ("annotated", "bounce", ticket.pk)
    lost = item_of(reply)
    assert (lost.state, lost.error_code) == ("failed", code)
    assert f"550 {code} " in lost.error_text
    assert address().undeliverable_at
    assert not User.objects.filter(email__endswith="mx.example.net").exists()


def test_words_that_tell_of_a_delay_fail_nothing(sent, mailbox):
    _ticket, reply = sent
    words = f"Delivery to {LENA} is delayed. We will keep trying.\n\nMessage-ID: {reply['Message-ID']}\n"
    raw = mail(words, sender="MAILER-DAEMON@x.example", subject="Warning", message_id="<w@x.example>")
    assert take_in(mailbox, raw).reason == "bounce"
    assert item_of(reply).state == "sent"


def test_the_null_sender_of_the_envelope_tells_a_bounce_too(sent, mailbox):
    ticket, reply = sent
    raw = mail(f"550 no\n\nMessage-ID: {reply['Message-ID']}", sender="robot@x.example", message_id="<n@x>")
    item = take_in(mailbox, raw, envelope_from="<>")
    assert (item.reason, item.ticket_id) == ("bounce", ticket.pk)
    other = take_in(mailbox, mail(sender="robot@x.example", message_id="<n2@x>"), envelope_from="<>")
    assert (other.state, other.reason) == ("quarantined", "bounce_unmatched")


def test_an_invented_id_marks_nothing(sent, mailbox):
    _ticket, reply = sent
    forged = reply["Message-ID"][:-30] + "0" * 16 + "@desk.example>"
    item = take_in(mailbox, report(forged, group(LENA, "failed", "5.1.1")))
    assert (item.state, item.reason) == ("quarantined", "bounce_unmatched")
    assert (item_of(reply).state, address().undeliverable_at) == ("sent", None)


def test_an_invitation_that_comes_back_is_noted_where_it_was_sent(mailbox, post):
    invite("new@example.com", role="agent", by=stories.staff("admin"))
    (invitation,) = post()
    item = take_in(mailbox, report(invitation["Message-ID"], group("new@example.com", "failed", "5.1.1")))
    assert (item.state, item.reason) == ("blocked", "bounce_noted")
    assert item_of(invitation).state == "failed"
    assert not Ticket.objects.exists()


def test_an_address_that_is_refused_while_sending_is_marked_too(mailbox, post, mara, monkeypatch):
    ticket = Ticket.objects.get(pk=take_in(mailbox, mail()).ticket_id)
    post()
    message = actions.reply(ticket, Content.markdown("hi"), by=mara)
    from deskbell.outbox import drivers

    monkeypatch.setitem(drivers._drivers, "email", lambda *_: Final("550", "5.1.1 user unknown"))
    post()
    assert OutboxItem.objects.get(cause_kind="message", cause_id=message.pk).state == "failed"
    post()
    assert address().undeliverable_at
    assert OutboxItem.objects.filter(kind="ticket.undelivered", recipient=mara.email).count() == 1


def test_a_bounce_twice_changes_nothing_more(sent, mailbox):
    _ticket, reply = sent
    for n in range(2):
        take_in(
            mailbox, report(reply["Message-ID"], group(LENA, "failed", "5.1.1", f"550 {n}"), subject=f"B {n}")
        )
    assert Event.objects.filter(kind="outbox.failed").count() == 1
    assert Event.objects.filter(kind="user.identity_undeliverable").count() == 1
    assert not outbox.record_delivery(reply["Message-ID"], "failed")


def test_an_unknown_address_cannot_be_marked(house):
    mark_undeliverable("nobody@example.com")
    assert not Event.objects.filter(kind="user.identity_undeliverable").exists()


@pytest.mark.parametrize(
    ("status", "begins"),
    [
        ("5.1.1", "There is no such address."),
        ("5.2.2", "The mailbox is full."),
        ("5.2.22", "The mailbox takes nothing in."),
        ("5.7.26", "The server there refuses the mail."),
        ("4.4.7", "The server there could not be reached for too long."),
        ("", "It could not be delivered."),
    ],
)
def test_each_status_has_its_words(status, begins):
    assert why_returned(status, "").startswith(begins)
