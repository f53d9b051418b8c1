"""Who writes by WhatsApp: by proof, by what WhatsApp knows him by, or somebody new behind an old number."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_

from deskbell.channels import reasons
from deskbell.channels.actions.references import FORM, redeem
from deskbell.channels.case import Verdict
from deskbell.channels.chats import forget_beside
from deskbell.channels.whatsapp.reading import Chat, annotate, content_of
from deskbell.people import actions as people
from deskbell.people.models import Identity, User
from deskbell.people.whatsapp import SILENT
from deskbell.tickets.actions.conversations import leave_chat, move_chats
from deskbell.tickets.models import Conversation, Message, Ticket

_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True)
class Sender:
    """`chat` is what he wrote, without the sign by which he proved who he is; `note` is for the desk."""

    person: User
    chat: Chat
    note: str = ""


def sender_of(chat: Chat, *, at: datetime) -> Sender:
    """The caller has the sender's turn."""
    incoming, scope = chat.incoming, chat.item.channel.whatsapp.waba_id
    ids: dict[str, Any] = {
        "wa_id": incoming.wa_id or incoming.own_number,
        "bsuid": incoming.bsuid,
        "lid": incoming.lid,
        "scope": scope,
    }
    if bound := _bound(chat, ids):
        return bound
    owner, surely = people.whatsapp_owner(**ids)
    before = _before(chat, owner) if owner and not surely else None
    if owner and before and (silent := _somebody_else(chat, owner, before, at)):
        leave_chat(incoming.sender)
        forget_beside(incoming.sender)
        words = _(
            "This number was silent for %(days)s days and now writes as “%(name)s”, no longer as "
            "“%(before)s”. It may have a new owner: nothing earlier was shown or continued."
        )
        said = {"days": silent.days, "name": incoming.name, "before": owner.display_name}
        return Sender(people.person_anew(**ids, name=incoming.name), chat, words % said)
    if owner and not surely and _may_be_another(chat, owner, before, at):
        people.doubt_whatsapp(owner, ids["wa_id"])
    person, _made = people.person_for_whatsapp(**ids, name=incoming.name)
    return Sender(person, chat)


def _bound(chat: Chat, ids: dict[str, Any]) -> Sender | None:
    """By the sign of the portal; a wrong, used, late or somebody else's binds nothing."""
    found = FORM.search(chat.incoming.text)
    person = redeem(found[1]) if found else None
    if found is None or person is None or not person.is_active or not people.bind_whatsapp(person, **ids):
        return None
    text = " ".join((chat.incoming.text[: found.start()] + chat.incoming.text[found.end() :]).split())
    said = _("The customer proved on the portal that this chat is his.")
    return Sender(person, replace(chat, incoming=replace(chat.incoming, text=text or _("Hello"))), said)


def _before(chat: Chat, owner: User) -> Conversation | None:
    """Where the number wrote to us last, to whichever of our numbers."""
    rows = Conversation.objects.filter(person=owner, address=chat.incoming.sender, last_in_at__isnull=False)
    return rows.order_by("-last_in_at").first()


def _silent(before: Conversation, at: datetime) -> timedelta:
    return at - before.last_in_at if before.last_in_at else timedelta()


def _somebody_else(chat: Chat, owner: User, before: Conversation, at: datetime) -> timedelta | None:
    """How long the number was silent, if its profile has wholly another name since then."""
    silent = _silent(before, at)
    now, then = _words(chat.incoming.name), _words(before.name)
    return silent if silent >= SILENT and now and then and not now & (then | _words(owner.name)) else None


def _may_be_another(chat: Chat, owner: User, before: Conversation | None, at: datetime) -> bool:
    """Whether the number was silent for long, or each of his numbers had another id of WhatsApp: one changes
    with the other. Good enough for a chat, not for signing in.
    """
    if before and _silent(before, at) >= SILENT:
        return True
    if not chat.incoming.bsuid:
        return False
    scopes = ["", chat.item.channel.whatsapp.waba_id]
    kinds = list(Identity.objects.filter(user=owner, scope__in=scopes).values_list("kind", flat=True))
    return kinds.count(Identity.Kind.WA_BSUID) >= kinds.count(Identity.Kind.WA_ID)


def _words(name: str) -> set[str]:
    return set(_WORD.findall(name.casefold()))


def moved(chat: Chat) -> Verdict:
    """WhatsApp says that somebody has another number or id now: it is his from now on, unless somebody else
    has it already. Told on his newest ticket.
    """
    incoming = chat.incoming
    person, other = people.move_whatsapp(
        wa_id=incoming.wa_id,
        bsuid=incoming.moved_from_id,
        scope=chat.item.channel.whatsapp.waba_id,
        new_wa_id=incoming.moved_to,
        new_bsuid=incoming.bsuid if incoming.moved_from_id else "",
    )
    if person is None:
        return Verdict.blocked("about_nothing", N_("It is about a person who is not known here"))
    new = f"+{incoming.moved_to}" if incoming.moved_to else incoming.bsuid
    if other is None:
        for old, address in ((incoming.wa_id, incoming.moved_to), (incoming.moved_from_id, incoming.bsuid)):
            if old and address and old != address:
                move_chats(person, old, address)
        text = _("WhatsApp says that this person now has the number %(number)s. The chat goes on there.")
    else:
        text = _(
            "WhatsApp says that this person now has the number %(number)s, which belongs to %(other)s here. "
            "Nothing was joined: please find out whether the two are one."
        )
    ticket = Ticket.objects.filter(requester=person, channel="whatsapp").order_by("-updated_at").first()
    if ticket is None:
        said = reasons.NOTED["number_changed"]
        return Verdict("annotated", "number_changed", said)
    words = text % {"number": new, "other": other.display_name if other else ""}
    return annotate(ticket, content_of(chat, words, kind=Message.Kind.SYSTEM), "number_changed")
