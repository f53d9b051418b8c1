"""Whether a WhatsApp number is well, and the templates that the other side has of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from deskbell.channels import events
from deskbell.channels.actions.access import require_setup
from deskbell.channels.models import Channel, MessageTemplate, WhatsAppNumber
from deskbell.channels.whatsapp import errors, templates
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.graph import Graph, GraphError
from deskbell.events.actor import Actor
from deskbell.events.publish import publish
from deskbell.kit import http
from deskbell.outbox.actions import try_now
from deskbell.people.models import User

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Health:
    """What the other side says of a number; `problem` is a sentence for people, empty when all is well."""

    problem: str
    display_number: str = ""
    verified_name: str = ""
    quality: str = ""
    subscribed: bool = False
    #: how many the desk can send
    templates: int = 0


def check_number(channel: Channel) -> Health:
    """Ask the other side, and note what it says, its templates too. Changes nothing there."""
    graph = Graph(Account.of(channel))
    unknown = errors.NUMBER
    try:
        number = graph.number()
        unknown = errors.ACCOUNT
        subscribed = bool(graph.subscribed_apps())
        usable = sync_templates(channel)
    except GraphError as error:
        meant = meant_by(error, unknown)
        if meant.meaning is errors.Meaning.CHANNEL:
            _note_health(channel, meant.text)
        return Health(meant.text)
    except (http.NoAnswer, http.BadAddress) as error:
        return Health(str(error))
    _note_health(channel, "")
    health = Health(
        "" if subscribed else errors.NOT_SUBSCRIBED,
        display_number=str(number.get("display_phone_number") or ""),
        verified_name=str(number.get("verified_name") or ""),
        quality=str(number.get("quality_rating") or ""),
        subscribed=subscribed,
        templates=usable,
    )
    WhatsAppNumber.objects.filter(channel=channel).update(
        display_number=health.display_number[:40],
        verified_name=health.verified_name[:200],
        checked_at=timezone.now(),
    )
    return health


def sync_templates(channel: Channel) -> int:
    """Ask the other side for its templates and keep them as they are there; how many the desk can send.

    Those that are gone there are gone here. Raises GraphError, NoAnswer.
    """
    begun = timezone.now()
    found = Graph(Account.of(channel)).templates()
    with transaction.atomic():
        Channel.objects.select_for_update(no_key=True).get(pk=channel.pk)
        kept = []
        for each in found:
            name, language = str(each.get("name") or ""), str(each.get("language") or "")
            if not name or not language:
                continue
            components = each.get("components")
            row, _made = MessageTemplate.objects.update_or_create(
                channel=channel,
                name=name[:512],
                language=language[:20],
                defaults={
                    "status": str(each.get("status") or "")[:40],
                    "category": str(each.get("category") or "")[:40],
                    "rejected_reason": str(each.get("rejected_reason") or "")[:100],
                    "components": components if isinstance(components, list) else [],
                    "synced_at": timezone.now(),
                },
            )
            kept.append(row)
        gone = MessageTemplate.objects.filter(channel=channel, synced_at__lt=begun)
        gone.exclude(pk__in=[row.pk for row in kept]).delete()
    return sum(templates.is_offered(row) for row in kept)


def look_after_those_down() -> None:
    """A number that nothing could be sent by is asked again: what was wrong may be mended there.

    Not where an answer to that question says nothing of what is wrong, and trying does harm.
    """
    numbers = Channel.objects.select_related("whatsapp").filter(kind=Channel.Kind.WHATSAPP_CLOUD)
    silent = (
        errors.RESTRICTED,
        errors.PAYMENT,
        errors.REGISTRATION,
        errors.PARTNER_REMOVED,
        errors.OFFBOARDED,
    )
    for channel in numbers.filter(state=Channel.State.DOWN).exclude(last_error__in=silent):
        check_number(channel)


def sync_all_templates() -> None:
    """Of every number that is well; one that does not answer is asked again tomorrow."""
    numbers = Channel.objects.select_related("whatsapp").filter(kind=Channel.Kind.WHATSAPP_CLOUD)
    for channel in numbers.filter(state=Channel.State.OK):
        try:
            sync_templates(channel)
        except (GraphError, http.NoAnswer, http.BadAddress) as error:
            log.warning(
                "templates could not be read", extra={"channel": channel.pk, "reason": str(error)[:200]}
            )


def meant_by(error: GraphError, unknown: str) -> errors.Known:
    """What a refused question means; `unknown` is said of an id that is not known there (100, 33)."""
    if error.code == -1 and error.status not in (401, 403):  # something on the way answered
        return errors.Known(errors.Meaning.RETRY, errors.NOT_ITS_WORDS % {"status": error.status})
    if (error.code, error.subcode) == (100, 33):
        return errors.Known(errors.Meaning.CHANNEL, unknown)
    return errors.known(max(error.code, 0), error.text)


class NotSubscribed(Exception):
    """The other side would not do it; the message is a sentence for people."""


def subscribe(channel: Channel, *, by: Actor | User) -> None:
    """Let the account's webhooks come to our app. Raises NotAllowed, NotSubscribed."""
    require_setup(by)
    try:
        Graph(Account.of(channel)).subscribe()
    except GraphError as error:
        raise NotSubscribed(meant_by(error, errors.ACCOUNT).text) from None
    except (http.NoAnswer, http.BadAddress) as error:
        raise NotSubscribed(str(error)) from None
    with transaction.atomic():
        publish(events.ChannelSubscribed(name=channel.name), about=channel, by=by)


def _note_health(channel: Channel, problem: str) -> None:
    """A number that was down and answers again is well; one that is refused is down."""
    rows = Channel.objects.filter(pk=channel.pk)
    if problem:
        rows.exclude(state=Channel.State.OFF).update(state=Channel.State.DOWN, last_error=problem[:500])
    elif rows.filter(state=Channel.State.DOWN).update(state=Channel.State.OK, last_error=""):
        try_now(channel.pk)
