"""Notices as mails: what texts.py says, in one frame, put into the outbox, one mail per recipient."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from markupsafe import Markup

from deskbell.channels.email import references
from deskbell.channels.email.compose import references_header
from deskbell.channels.email.driver import mail_goes_to_files
from deskbell.notifications import letterhead, links, texts
from deskbell.notifications.body import (
    active,
    attached,
    common,
    context_of,
    invitation_mail,
    listed,
    rendered,
    sent_on,
    signature,
)
from deskbell.notifications.envelope import (
    Mailbox,
    automatic,
    from_name,
    headers_of,
    ids_before,
    mailbox_of,
    message_id_of,
    signed_by,
)
from deskbell.notifications.notice import Notice
from deskbell.outbox import actions as outbox
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import Invitation, MembershipRequest, User
from deskbell.people.queries import company
from deskbell.people.reader import reading
from deskbell.tickets import forwards
from deskbell.tickets.actions.deliveries import FORWARD
from deskbell.tickets.models import Category, Message, Queue, Ticket
from deskbell.tickets.rules import may

#: of the invitation that a sample shows
INVITED_FOR = timedelta(days=7)


def put(notice: Notice, recipient: User) -> OutboxItem | None:
    """Put `notice` for `recipient`, in his language; None when he was told already."""
    ticket = notice.ticket
    mailbox = mailbox_of(ticket)
    with reading(language=recipient.language, time_zone=recipient.time_zone):
        context = {
            **context_of(notice, links.of_ticket(ticket, recipient), to=recipient),
            **_staff_answers(notice, recipient, mailbox),
        }
        payload: dict[str, Any] = {
            **rendered("notice", context),
            "from": [from_name(notice), mailbox.address],
            "to_name": recipient.name,
            "headers": headers_of(notice),
            "attachments": letterhead.attached() + attached(context["files"]),
        }
    if mailbox.plus_addresses and notice.answerable:
        payload["reply_to"] = references.reply_address(mailbox.address, ticket.number)
    elif mailbox.plus_addresses and context["becomes_note"]:
        payload["reply_to"] = _staff_address(mailbox, ticket, recipient, public=False)
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind=notice.kind,
        cause=notice.cause,
        payload=payload,
        ticket_id=ticket.pk,
        channel_id=mailbox.channel_id,
        external_id=message_id_of(notice, recipient),
    )


def put_blind(notice: Notice, address: str) -> OutboxItem | None:
    """Put `notice` for somebody whom the others do not see: in the desk's language, without a way in."""
    ticket, mailbox = notice.ticket, mailbox_of(notice.ticket)
    with reading():
        context = {**context_of(notice, links.of_page(ticket)), "link": "", "blind": True}
        payload: dict[str, Any] = {
            **rendered("notice", context),
            "from": [from_name(notice), mailbox.address],
            "headers": headers_of(notice),
            "attachments": letterhead.attached() + attached(context["files"]),
        }
    part = f"b{hashlib.sha256(address.casefold().encode()).hexdigest()[:16]}"
    return outbox.put(
        "email",
        recipient=address,
        kind=notice.kind,
        cause=notice.cause,
        payload=payload,
        ticket_id=ticket.pk,
        channel_id=mailbox.channel_id,
        external_id=references.message_id(ticket.pk, notice.message.pk if notice.message else 0, part=part),
    )


def put_forward(ticket: Ticket, message: Message, address: str) -> OutboxItem | None:
    """Put what the forward `message` sends on for one of its recipients, in the desk's language.

    It has no way in to the ticket, and references of its own: an answer by them is for staff alone
    (channels.suppliers).
    """
    mailbox, named = mailbox_of(ticket), (ticket.number, message.pk, address)
    files = forwards.files_of(ticket).filter(pk__in=message.details["files"])
    ids = ids_before(ticket, message)
    with reading():
        context = {
            **common(),
            "subject": f"{references.forward_token(*named)} {message.subject}",
            "ticket": ticket,
            "answerable": True,
            "marker": references.forward_marker(*named),
            "message_text": message.text,
            "message_html": Markup(message.html),  # noqa: S704 - cleaned when it was stored
            "signature": signature(message).text,
            "quoted": sent_on(ticket, message),
            "files": listed(files),
        }
        payload: dict[str, Any] = {
            **rendered("forward", context),
            "from": [signed_by(message.author), mailbox.address],
            "headers": {
                "In-Reply-To": ids[-1] if ids else "",
                "References": references_header(ids),
                "X-Deskbell-Type": FORWARD,
                "X-Deskbell-Ticket": str(ticket.number),
            },
            "attachments": letterhead.attached() + attached(context["files"]),
        }
    if mailbox.plus_addresses:
        payload["reply_to"] = references.forward_address(mailbox.address, *named)
    return outbox.put(
        "email",
        recipient=address,
        kind=FORWARD,
        cause=("message", message.pk),
        payload=payload,
        ticket_id=ticket.pk,
        channel_id=mailbox.channel_id,
        external_id=references.forward_id(ticket.pk, message.pk, address),
    )


def put_invitation(invitation: Invitation, link: str, *, cause: tuple[str, int]) -> OutboxItem | None:
    """Put the mail that carries an invitation, in the desk's language: the person's is not known yet."""
    inviter = invitation.invited_by.display_name if invitation.invited_by else company().name
    with reading():
        payload = invitation_mail(texts.text_of("invitation", active()), inviter, invitation.expires_at, link)
    payload["headers"] = {"X-Deskbell-Type": "invitation"} | automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=invitation.email,
        kind="invitation",
        cause=cause,
        payload=payload,
    )


def put_membership(
    asked: MembershipRequest, recipient: User, link: str, *, template: str
) -> OutboxItem | None:
    """Put the mail that somebody would belong to an organisation, or that he does now."""
    with reading(language=recipient.language, time_zone=recipient.time_zone):
        wanted = template == "membership_asked"
        place = {"name": asked.user.display_name, "organization": asked.organization.name}
        subject = (
            translation.gettext("%(name)s would like to belong to %(organization)s")
            if wanted
            else translation.gettext("You belong to %(organization)s now")
        )
        context = {
            **common(),
            **place,
            "subject": subject % place,
            "address": asked.user.email or "",
            "link": link,
            "link_label": translation.gettext("Decide") if wanted else translation.gettext("My tickets"),
        }
        payload = rendered(template, context)
    payload["headers"] = {"X-Deskbell-Type": "membership"} | automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind=template,
        cause=("membershiprequest", asked.pk),
        payload=payload,
    )


@transaction.atomic
def put_test(recipient: User) -> OutboxItem | None:
    """Put a mail by which `recipient` sees whether mail leaves this desk; each time a new one.

    Its kind tells the way it takes: a mail in a file (no EMAIL_URL) proves nothing about a mail server.
    """
    with reading(language=recipient.language, time_zone=recipient.time_zone):
        subject = translation.gettext("Test mail of %(company)s") % {"company": company().name}
        context = {**common(), "subject": subject, "address": company().support_address}
        payload = rendered("test", context)
    payload["headers"] = {"X-Deskbell-Type": "test"} | automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind=f"test_mail.{'files' if mail_goes_to_files() else 'smtp'}",
        cause=("test_mail", secrets.randbits(62)),
        payload=payload,
    )


def sample(mail: str, text: tuple[str, str], reader: User) -> dict[str, Any]:
    """How `mail` looks with this (subject, text), in the active language: {subject, text, html}.

    The ticket in it does not exist; its customer is the reader himself.
    """
    if mail == "invitation":
        return invitation_mail(text, reader.display_name, timezone.now() + INVITED_FOR, links.of_portal())
    subject = translation.gettext("The printer on the second floor does not print")
    said = translation.gettext("Here stands what was written, with all its lines and files.")
    ticket = Ticket(number=1042, subject=subject, requester=reader, category=Category.OPEN)
    ticket.queue = Queue.objects.order_by("position", "pk").first() or Queue(name="")
    notice = Notice(
        text=mail,
        kind="sample",
        cause=("sample", 0),
        ticket=ticket,
        message=Message(text=said, author=reader),
        actor=reader,
        answerable=not texts.MAILS[mail].to_staff,
        said={
            "failure.address": str(reader.email or company().support_address),
            "failure.reason": translation.gettext("The mailbox does not exist."),
        },
    )
    return rendered("notice", context_of(notice, links.of_portal(), to=reader, text=text))


@transaction.atomic
def put_sample(mail: str, language: str, text: tuple[str, str], recipient: User) -> OutboxItem | None:
    """Send `recipient` what `sample` shows; each time a new one."""
    with reading(language=language, time_zone=recipient.time_zone):
        payload = sample(mail, text, recipient)
    payload["headers"] = {"X-Deskbell-Type": "test"} | automatic("auto-generated")
    payload["attachments"] = letterhead.attached()
    return outbox.put(
        "email",
        recipient=str(recipient.email),
        kind="mail_text.sample",
        cause=("mail_text", secrets.randbits(62)),
        payload=payload,
    )


def _staff_answers(notice: Notice, recipient: User, mailbox: Mailbox) -> dict[str, Any]:
    """What an answer of somebody who works here becomes (channels.staffmail), for the mail to say so."""
    if notice.answerable or not mailbox.tells_senders or not may(recipient, "note", notice.ticket):
        return {"becomes_note": False, "public_address": ""}
    public = mailbox.plus_addresses and may(recipient, "reply", notice.ticket)
    return {
        "answerable": True,
        "becomes_note": True,
        "public_address": _staff_address(mailbox, notice.ticket, recipient, public=True) if public else "",
    }


def _staff_address(mailbox: Mailbox, ticket: Ticket, person: User, *, public: bool) -> str:
    return references.staff_address(mailbox.address, ticket.number, person.pk, public=public)
