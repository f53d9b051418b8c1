"""By which way a reply of a program leaves, where the customer writes in a chat."""

from __future__ import annotations

from dataclasses import replace

from django.utils.translation import gettext
from django.utils.translation import gettext as _

from deskbell.api import shapes
from deskbell.api.problems import invalid
from deskbell.channels.actions import fallback
from deskbell.channels.models import MessageTemplate
from deskbell.channels.whatsapp import templates
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket


def sent_by(content: Content, body: shapes.NewMessage, ticket: Ticket) -> Content:
    """The reply `content` as it was asked to leave, in the transaction that writes it. Raises Problem for a
    way that is not there, ChatClosed.
    """
    in_chat = ticket.conversation_id is not None
    if body.template is not None:
        if not in_chat:
            raise invalid("template", _("This customer does not write in a chat."))
        if body.body or body.html or body.uploads or body.way == "mail":
            raise invalid("template", _("A template is sent alone, in the chat."))
        return _template(body.template, ticket)
    if body.way == "chat" and not in_chat:
        raise invalid("way", _("This customer does not write in a chat."))
    if body.way == "mail" and in_chat:
        if not ticket.requester.email:
            raise invalid("way", _("This customer has no e-mail address."))
        return replace(content, way="email")
    if body.way == fallback.WAY:
        return _in_place(content, ticket, "way")
    return content


def _in_place(content: Content, ticket: Ticket, field: str) -> Content:
    """By the number that stands in for a WhatsApp Web number that is down."""
    try:
        return fallback.through(ticket, content)
    except fallback.NoFallback as error:
        raise invalid(field, gettext(str(error)) + ".") from None


def _template(given: shapes.UsedTemplate, ticket: Ticket) -> Content:
    """By the number of the chat; by the other one where that is a linked device, which sends none."""
    assert ticket.conversation is not None
    channel_id = ticket.conversation.channel_id
    try:
        instead = fallback.fallback_of(ticket)
    except fallback.NoFallback as error:
        if str(error) != fallback.NOT_LINKED:
            raise invalid("template", gettext(str(error)) + ".") from None
        return _filled_in(given, channel_id)
    return _in_place(_filled_in(given, instead.channel.pk), ticket, "template")


def _filled_in(given: shapes.UsedTemplate, channel_id: int) -> Content:
    rows = MessageTemplate.objects.filter(channel=channel_id, name=given.name)
    if given.language is not None:
        rows = rows.filter(language=given.language)
    offered = [row for row in rows.order_by("language") if templates.is_offered(row)]
    if not offered:
        raise invalid("template.name", _("No approved template of this name and language."))
    if len(offered) > 1:
        languages = ", ".join(row.language for row in offered)
        raise invalid("template.language", _("One of: %(choices)s.") % {"choices": languages})
    wanted = [each.key for each in templates.variables(offered[0])]
    values = {key: value for key, value in given.values.items() if value.strip()}
    if missing := [key for key in wanted if key not in values]:
        raise invalid("template.values", _("Not filled in: %(names)s.") % {"names": ", ".join(missing)})
    if unknown := sorted(values.keys() - set(wanted)):
        raise invalid(
            "template.values", _("Not of this template: %(names)s.") % {"names": ", ".join(unknown)}
        )
    return templates.content(offered[0], values)
