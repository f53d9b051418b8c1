"""What becomes of a mail: its rules, in their order. Runs inside the transaction of channels.inbound."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import BooleanField, ExpressionWrapper, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.channels import reasons, returns, staffmail, suppliers, twins
from deskbell.channels.case import Case, State, Verdict, content_of, refusal
from deskbell.channels.email import counters, references
from deskbell.channels.email.automatic import AutoClass
from deskbell.channels.email.parse import ParsedMail
from deskbell.channels.email.subjects import plain
from deskbell.channels.models import InboundItem, SenderRule
from deskbell.channels.routing import Found, answered_ids, find
from deskbell.events.actor import SYSTEM
from deskbell.people.actions import change_person, heard_from, person_for_email
from deskbell.people.addresses import BadAddress, email_key, is_email
from deskbell.people.models import Identity, User
from deskbell.people.queries import company
from deskbell.people.rights import rights_of
from deskbell.people.rules import reads_only
from deskbell.tickets import actions as tickets
from deskbell.tickets import rules
from deskbell.tickets.actions.properties import within_reopening
from deskbell.tickets.content import Content
from deskbell.tickets.models import ACTIVE_CATEGORIES, Message, Queue, Ticket, Watcher
from deskbell.tickets.reach import is_customer_of

#: people whom mails may copy in on one ticket
COPY_LIMIT = 20


def claim(item: InboundItem, mail: ParsedMail) -> Verdict | None:
    """Take the mail's Message-ID for `item`, or say of which item it is a duplicate.

    Scanners and broken scripts send different mails under one id: those are taken, under the id and a part
    of their digest. Of two deliveries at one moment the unique constraint refuses one when its item is
    written, and that one is decided again.
    """
    item.digest = mail.digest
    ids = (mail.message_id, f"{mail.message_id}#{mail.digest[:16]}")
    taken = InboundItem.objects.filter(channel_id=item.channel_id, external_id__in=ids).exclude(pk=item.pk)
    holders = {each.external_id: each for each in taken.defer("raw")}
    item.external_id = None
    for external_id in ids:
        holder = holders.get(external_id)
        if holder is None:
            item.external_id = external_id
            return None
        if holder.digest == mail.digest:
            return _duplicate_of(holder)
    return _duplicate_of(holders[ids[-1]])


def _duplicate_of(item: InboundItem) -> Verdict:
    return Verdict(
        State.DUPLICATE,
        "same_message",
        ticket_id=item.ticket_id,
        message_id=item.message_id,
        duplicate_of=item.pk,
    )


def decide(case: Case) -> Verdict:
    """What becomes of a mail that is here for the first time."""
    mail = case.mail
    if _is_our_own(case):
        return Verdict.blocked("own_loop", N_("We sent this mail ourselves"))
    if mail.auto_class is AutoClass.BOUNCE or (
        mail.auto_class is AutoClass.HUMAN and case.item.envelope_from.strip() == "<>"
    ):
        return _bounce(case)
    try:
        email_key(mail.sender[1])
    except BadAddress:
        return Verdict.quarantined("no_sender", N_("The mail names no sender who could be answered"))
    if refused := refusal(case.sender_kind):
        return refused
    found = find(case.item, mail)
    if mail.auto_class in (AutoClass.AUTO_REPLY, AutoClass.OUT_OF_OFFICE):
        return _answer_of_a_machine(case, found)
    return _from_a_person(case, found)


def _is_our_own(case: Case) -> bool:
    sender = references.base_address(case.mail.sender[1])
    loop = case.mail.headers.get("x-loop", "").strip("<> ").casefold()
    return case.mail.auto_class is AutoClass.OWN_LOOP or sender in case.ours or loop in case.ours


# --- bounces and answering machines -------------------------------------------------------------


def _bounce(case: Case) -> Verdict:
    """A mail of ours that came back: told on its ticket and on its outbox item."""
    mail = case.mail
    returned = returns.take_note(case.item, mail, answered_ids(mail))
    if returned is None:
        return Verdict.quarantined("bounce_unmatched", N_("A mail came back that belongs to no ticket here"))
    if returned.ticket is None:
        return Verdict.blocked("bounce_noted", N_("A mail of ours came back, as is noted under “Sent”"))
    content = content_of(case, kind="bounce")
    if returned.forwarded is not None:
        content = suppliers.noting(content, *returned.forwarded)
    if returned.words:
        text = f"{returned.words}\n\n{content.text}"
        content = replace(content, text=text, new_text=text)
    message = _annotate(returned.ticket, content, author=None)
    return Verdict(State.ANNOTATED, "bounce", ticket_id=message.ticket_id, message_id=message.pk)


def _answer_of_a_machine(case: Case, found: Found | None) -> Verdict:
    """Kept where staff can read it; wakes nothing up and is never answered."""
    sender = _known(case.mail.sender[1])
    if found is not None and found.forward is not None:
        return _annotated(case, found, sender)
    if sender is not None and rights_of(sender).staff:
        return Verdict.blocked("absence_of_staff", N_("An automatic answer of somebody who works here"))
    if found is None or sender is None or not rules.may(sender, "customer_reply", found.ticket):
        return Verdict.blocked("automatic_without_ticket", reasons.WITHOUT_TICKET[case.mail.auto_class])
    return _annotated(case, found, sender)


def _annotated(case: Case, found: Found, sender: User | None) -> Verdict:
    content = content_of(case, kind="auto")
    if found.forward is not None:
        content = suppliers.noting(content, found.forward.pk, found.asked)
    message = _annotate(found.ticket, content, author=sender)
    reason = case.mail.auto_class.value
    return Verdict(State.ANNOTATED, reason, found.said, ticket_id=found.ticket.pk, message_id=message.pk)


def _annotate(ticket: Ticket, content: Content, *, author: User | None) -> Message:
    return tickets.add_message(
        ticket, content, author=author, direction="in", visibility="internal", channel="email", by=SYSTEM
    )


def _known(address: str) -> User | None:
    identity = Identity.objects.select_related("user").filter(kind="email", key=email_key(address)).first()
    if identity is None:
        return None
    heard_from(identity)
    return identity.user


# --- people -------------------------------------------------------------------------------------


def _from_a_person(case: Case, found: Found | None) -> Verdict:
    sender = _sender(case.mail)
    if not sender.is_active:
        return Verdict.quarantined("deactivated", N_("The sender's account is closed"))
    to_forward = found is not None and found.forward is not None
    if reads_only(sender) and not to_forward:
        return _from_a_reader(case, found, sender)
    if verdict := _beside(case, found):
        return verdict
    if found is not None and to_forward:
        if case.mail.auto_class is AutoClass.NOTIFICATION:
            return _annotated(case, found, sender)
        return suppliers.answer(case, found, sender)
    staff = rights_of(sender).staff
    if found is None:
        handed_on = staffmail.hand_on(case, sender, queue=_queue(case.item)) if staff else None
        return handed_on or _open(case, None, sender)
    if staff and found.ticket.requester_id != sender.pk:
        return staffmail.answer(case, found, sender)
    if not rules.may(sender, "customer_reply", found.ticket):
        return _open(case, found, sender)
    if case.mail.auto_class is AutoClass.NOTIFICATION:
        return _annotated(case, found, sender)
    if _is_another_matter(case.mail, found.ticket):
        return _open(case, found, sender, follow_up=True)
    return _add(case, found, sender)


def _beside(case: Case, found: Found | None) -> Verdict | None:
    """A note, where another mailbox of ours brought the mail to a ticket already; a mailbox with another
    queue gets a ticket of its own.
    """
    twin = twins.twin_of(case.item, case.mail, case.ours)
    ticket = Ticket.objects.filter(pk=twin.ticket_id).first() if twin and twin.ticket_id else None
    if ticket is None or (found is not None and found.ticket.pk != ticket.pk):
        return None
    if found is None and ticket.queue_id != _queue(case.item).pk:
        return None
    message = _annotate(ticket, twins.note(case.item), author=None)
    return Verdict(State.ANNOTATED, "other_mailbox", ticket_id=ticket.pk, message_id=message.pk)


def _is_another_matter(mail: ParsedMail, ticket: Ticket) -> bool:
    """Whether an old mail was taken to write of something new: its ticket is done, the subject changed."""
    if ticket.spam or ticket.category in ACTIVE_CATEGORIES:
        return False
    if references.number_in_subject(mail.subject) == ticket.number:
        return False
    subject = plain(mail.subject)
    if not subject or subject == plain(ticket.subject):
        return False
    known = Message.objects.filter(ticket=ticket).exclude(subject="").values_list("subject", flat=True)
    return subject not in set(map(plain, known))


def _from_a_reader(case: Case, found: Found | None, sender: User) -> Verdict:
    """Who may only read is heard all the same: as a note on a ticket he sees, else held back."""
    if found is None or found.ticket.trashed or not is_customer_of(sender, found.ticket):
        return Verdict.quarantined("read_only", N_("The sender may look at tickets, not open any"))
    message = _annotate(found.ticket, content_of(case, kind="human"), author=sender)
    return Verdict(State.ANNOTATED, "read_only", found.said, ticket_id=found.ticket.pk, message_id=message.pk)


def _add(case: Case, found: Found, sender: User) -> Verdict:
    continued = not found.ticket.spam and not within_reopening(found.ticket, "email")
    if continued and not _takes_ticket(case):
        return _too_many()
    message = tickets.customer_reply(found.ticket, content_of(case, kind="human"), by=sender, channel="email")
    ticket = message.ticket or found.ticket
    follow_up = ticket.pk != found.ticket.pk
    if found.strong or follow_up:
        _copy_in(case, ticket, sender)
    if follow_up:
        return Verdict(State.TICKETED, "follow_up", found.said, ticket_id=ticket.pk, message_id=message.pk)
    return Verdict(State.ADDED, found.how, found.said, ticket_id=ticket.pk, message_id=message.pk)


def _open(case: Case, found: Found | None, sender: User, *, follow_up: bool = False) -> Verdict:
    """A new ticket; `found` is the one the mail named: done, with `follow_up`, else not the sender's."""
    if not _takes_ticket(case):
        return _too_many()
    kind = "auto" if case.mail.auto_class is AutoClass.NOTIFICATION else "human"
    ticket = tickets.open_ticket(
        requester=sender,
        subject=references.without_token(case.mail.subject) or _("(no subject)"),
        content=content_of(case, kind=kind),
        by=sender,
        source="mail",
        channel="email",
        queue=_queue(case.item),
        follow_up_of=found.ticket if found and follow_up else None,
    )
    _copy_in(case, ticket, sender)
    reason, text = "new", ""
    if found is not None and follow_up:
        reason, text = "new_subject", reasons.NEW_SUBJECT % {"number": found.ticket.number}
    elif found is not None:
        reason, text = (
            "not_owner",
            reasons.NOT_OWNER % {"number": found.ticket.number},
        )
        if found.how != "subject_number":
            tickets.link(ticket, found.ticket, kind="related", by=SYSTEM)
    return Verdict(State.TICKETED, reason, text, ticket_id=ticket.pk, message_id=ticket.last_message_id)


def _takes_ticket(case: Case) -> bool:
    """Whether one more ticket of this sender is taken now; counts it."""
    welcome = case.sender_kind == SenderRule.Kind.ALLOW
    return welcome or counters.takes_ticket(case.item, email_key(case.mail.sender[1]))


def _too_many() -> Verdict:
    return Verdict.quarantined("too_many", reasons.TOO_MANY % {"count": company().tickets_per_sender})


def _sender(mail: ParsedMail) -> User:
    """The person behind the From address, made without a password when new."""
    name, address = mail.sender
    person, made = person_for_email(address, name=name, how="mail", heard=True)
    if not made and name and not person.name and not person.has_usable_password():
        change_person(person, by=SYSTEM, name=name)
    return person


def _queue(item: InboundItem) -> Queue:
    """The mailbox's queue, else the one that has its address, else the first public one."""
    queue = item.channel.queue
    if queue is not None and queue.active:
        return queue
    named = ExpressionWrapper(Q(address__iexact=item.channel.address), output_field=BooleanField())
    queues = Queue.objects.filter(active=True).select_related("team")
    return queues.annotate(named=named).order_by("-named", "-public", "position", "pk")[0]


def _copy_in(case: Case, ticket: Ticket, sender: User) -> None:
    """Whom the requester copied follows the ticket; nobody else's mail may let strangers in.

    Done by the system, so that nobody is written to only because a mail named him.
    """
    if sender.pk != ticket.requester_id or case.mail.auto_class is not AutoClass.HUMAN:
        return
    named = _named_beside_us(case)
    if not named:
        return
    copied = set(
        Watcher.objects.filter(ticket=ticket, kind=Watcher.Kind.CC).values_list("user_id", flat=True)
    )
    for name, address in named:
        if len(copied) >= COPY_LIMIT:
            return
        person, _made = person_for_email(address, name=name, how="mail")
        if person.is_active and person.pk != sender.pk and person.pk not in copied:
            tickets.add_copy(ticket, person, by=SYSTEM)
            copied.add(person.pk)


def _named_beside_us(case: Case) -> list[tuple[str, str]]:
    """The other people a mail is for. A To that does not name us is an alias of ours, not a person."""
    to = [(name, address) for name, address in case.mail.to if not _ours(case, address)]
    reached_by_alias = len(to) == len(case.mail.to)
    named = [*([] if reached_by_alias else to), *case.mail.cc]
    return [(name, address) for name, address in named if is_email(address) and not _ours(case, address)]


def _ours(case: Case, address: str) -> bool:
    return references.base_address(address) in case.ours
