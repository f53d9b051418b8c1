"""Mails of people who work here: what they answer to tickets, and what they hand on for a customer.

Anybody can write any From. What a mail of theirs may do hangs on whether the mailbox's own server confirmed
its sender (docs/decisions/0021).
"""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.channels import reasons
from deskbell.channels.case import (
    SMALL_INTEGER,
    Case,
    State,
    Verdict,
    believable,
    content_of,
    details_of,
)
from deskbell.channels.email import forwarded, quotes, references
from deskbell.channels.email.automatic import AutoClass
from deskbell.channels.email.forwarded import Original
from deskbell.channels.routing import Found, addresses
from deskbell.events.actor import SYSTEM
from deskbell.files.actions import store
from deskbell.kit.html import clean_mail
from deskbell.people.actions import person_for_email
from deskbell.people.addresses import is_email
from deskbell.people.models import User
from deskbell.people.rules import reads_only
from deskbell.tickets import actions as tickets
from deskbell.tickets import rules
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Queue, Ticket

# --- answers ------------------------------------------------------------------------------------


def answer(case: Case, found: Found, sender: User) -> Verdict:
    """A note on the ticket; a reply to the customer only under the address that was made for it."""
    if not case.verified or case.mail.auto_class is not AutoClass.HUMAN:
        return Verdict.quarantined("agent_by_mail", reasons.BY_MAIL % {"number": found.ticket.number})
    public = _is_for_the_customer(case, found.ticket, sender)
    if not rules.may(sender, "reply" if public else "note", found.ticket):
        return Verdict.quarantined("not_allowed", reasons.MAY_NOT % {"number": found.ticket.number})
    content = _own_words(case)
    if content.empty:
        return Verdict.quarantined("empty", N_("The mail has no words of its own"))
    if public and not _still_quotes(content.text):
        message = tickets.reply(found.ticket, content, by=sender)
        return Verdict(State.ADDED, "agent_reply", ticket_id=found.ticket.pk, message_id=message.pk)
    text = N_("It holds the quoted history, so it was not sent to the customer") if public else ""
    message = tickets.note(found.ticket, content, by=sender)
    return Verdict(State.ANNOTATED, "agent_note", text, ticket_id=found.ticket.pk, message_id=message.pk)


def _is_for_the_customer(case: Case, ticket: Ticket, sender: User) -> bool:
    """Whether it was written to the reply address of this very person for this ticket."""
    numbers = {ticket.number, *Ticket.objects.filter(merged_into=ticket).values_list("number", flat=True)}
    named = set(map(references.staff_token, addresses(case.item, case.mail)))
    return any((number, sender.pk, True) in named for number in numbers)


def _own_words(case: Case) -> Content:
    """What is new in it, without formatting: the history below may hold notes that nobody else may read."""
    content = content_of(case, kind="human")
    text = case.mail.new_text
    return replace(content, text=text, new_text=text, html="", markup="plain", remote_images=0)


def _still_quotes(text: str) -> bool:
    return any(quotes.DELIMITER.match(line) or line.startswith(">") for line in text.split("\n"))


# --- on behalf of a customer --------------------------------------------------------------------


def hand_on(case: Case, sender: User, *, queue: Queue | None) -> Verdict | None:
    """A new ticket of whoever wrote the mail that `sender` forwards; None when it forwards nothing."""
    mail = case.mail
    if mail.auto_class is not AutoClass.HUMAN or not forwarded.is_forward(mail):
        return None
    if not rules.may_open_for_others(sender) or (case.item.channel.authserv_id and not case.verified):
        return None
    original = forwarded.original(mail)
    customer = _customer(case, original) if original else None
    if original is None or customer is None:
        return _ask(case, sender, queue)
    content = _words_of(case, original)
    ticket = tickets.open_ticket(
        requester=customer,
        subject=references.without_token(original.subject) or _("(no subject)"),
        content=content,
        by=sender if case.verified else SYSTEM,
        source="mail",
        channel="email",
        queue=queue,
        tell=case.verified,
    )
    message_id = ticket.last_message_id
    _comment(case, original, ticket, sender)
    return Verdict(State.TICKETED, "on_behalf", ticket_id=ticket.pk, message_id=message_id)


def _customer(case: Case, original: Original) -> User | None:
    """Who wrote it first, if he can have a ticket."""
    name, address = original.sender
    if not is_email(address) or references.base_address(address) in case.ours:
        return None
    person, _made = person_for_email(address, name=name, how="mail")
    return person if person.is_active and not reads_only(person) else None


def _words_of(case: Case, original: Original) -> Content:
    """What the customer wrote, and nothing of what was written above it."""
    inner, outer = original.mail, content_of(case, kind="human")
    files = [replace(file, inline=False) for file in outer.files]
    html, remote = "", 0
    if inner is not None:
        files = [
            NewFile(store(file.content), file.filename, inline=file.inline, content_id=file.content_id)
            for file in inner.attachments
        ]
        if inner.html.strip():
            cleaned = clean_mail(inner.html, cid=lambda content_id: f"cid:{content_id}")
            html, remote = cleaned.html, cleaned.remote_images
    text = original.text or _("(The mail has no text.)")
    return Content(
        text=text,
        new_text=inner.new_text or text if inner else text,
        html=html,
        remote_images=min(remote, SMALL_INTEGER),
        markup="mail" if html else "plain",
        subject=original.subject,
        external_id=inner.message_id if inner else outer.external_id,
        to=[address for _name, address in inner.to[:100]] if inner else [],
        sent_at=believable(original.date),
        inbound_id=case.item.pk,
        files=files,
        details={"invitations": list(inner.invitations)} if inner and inner.invitations else {},
    )


def _comment(case: Case, original: Original, ticket: Ticket, sender: User) -> None:
    """What stands above the forwarded mail, for the desk alone. In whose name is said, not believed."""
    text = original.comment
    if not case.verified:
        said = _("Forwarded by mail in the name of %(name)s. The sender was not verified.")
        text = "\n\n".join(filter(None, [said % {"name": sender.display_name}, text]))
    if not text:
        return
    files = []
    if original.eml is not None:
        files = [file for file in case.files if file.filename != original.eml.filename]
    by = sender if case.verified and rules.may(sender, "note", ticket) else SYSTEM
    note = Content(
        text=text,
        new_text=text,
        markup="plain",
        inbound_id=case.item.pk,
        files=[replace(file, inline=False) for file in files],
        details=details_of(case) if case.verified else {},
    )
    tickets.note(ticket, note, by=by)


def _ask(case: Case, sender: User, queue: Queue | None) -> Verdict:
    """The ticket is the forwarder's, with a question, when nobody can tell whose it should be."""
    ticket = tickets.open_ticket(
        requester=sender,
        subject=references.without_token(case.mail.subject) or _("(no subject)"),
        content=content_of(case, kind="human"),
        by=sender,
        source="mail",
        channel="email",
        queue=queue,
    )
    message_id = ticket.last_message_id
    text = _(
        "This mail looks forwarded, but it does not say in a readable way which customer wrote it first. "
        "Open a ticket for that person, and link this one."
    )
    tickets.note(ticket, Content(text=text, new_text=text, markup="plain", kind="system"), by=SYSTEM)
    return Verdict(State.TICKETED, "forward_unread", ticket_id=ticket.pk, message_id=message_id)
