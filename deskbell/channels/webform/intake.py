"""What becomes of a web form. Runs inside the transaction of channels.inbound.

Nobody proved the address: the form always opens a ticket of its own, adds nothing to what is there, and
changes nothing about a person we know.
"""

from __future__ import annotations

from django.utils.translation import gettext_noop as N_

from deskbell.channels import senders
from deskbell.channels.case import Verdict, refusal
from deskbell.channels.models import InboundItem
from deskbell.channels.queries import desk_addresses
from deskbell.channels.webform.sent import FormSent
from deskbell.events.actor import SYSTEM
from deskbell.people.actions import change_person, person_for_email
from deskbell.people.models import User
from deskbell.people.rules import reads_only
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.models import Queue, Source, Ticket


def decide(item: InboundItem, form: FormSent) -> Verdict:
    item.external_id = form.reference
    if form.email.casefold() in desk_addresses():
        return Verdict.blocked("own_address", N_("The form names an address of this desk as its sender"))
    if refused := refusal(senders.kind_of(form.email)):
        return refused
    sender = _sender(form)
    if not sender.is_active:
        return Verdict.quarantined("deactivated", N_("The sender's account is closed"))
    if reads_only(sender):
        return Verdict.quarantined("read_only", N_("The sender may look at tickets, not open any"))
    ticket = _open(item, form, sender)
    item.files.all().delete()  # the ticket holds them now, so that it alone decides how long they stay
    return Verdict(
        InboundItem.State.TICKETED, "web_form", ticket_id=ticket.pk, message_id=ticket.last_message_id
    )


def _sender(form: FormSent) -> User:
    person, made = person_for_email(form.email, name=form.name, how="webform")
    if made and form.language:
        change_person(person, by=SYSTEM, language=form.language)
    return person


def _open(item: InboundItem, form: FormSent, sender: User) -> Ticket:
    words = Content.markdown(form.text)
    files = [NewFile(file.blob, file.filename) for file in item.files.select_related("blob").order_by("pk")]
    content = Content(
        text=words.text, new_text=words.new_text, html=words.html, inbound_id=item.pk, files=files
    )
    return tickets.open_ticket(
        requester=sender,
        subject=form.subject,
        content=content,
        by=sender,
        source=Source.WEBFORM,
        channel="web",
        queue=Queue.objects.filter(slug=form.queue, public=True, active=True).first() or item.channel.queue,
    )
