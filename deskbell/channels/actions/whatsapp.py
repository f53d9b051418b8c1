"""WhatsApp numbers: their settings, and what the other side posts about them."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from cryptography.fernet import InvalidToken
from django.db import IntegrityError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop as N_

from deskbell.channels import events, reasons
from deskbell.channels.actions.access import BadChannel, require_setup
from deskbell.channels.actions.mailboxes import is_on, queue_named
from deskbell.channels.models import (
    AwaitedFile,
    Channel,
    EarlyStatus,
    InboundItem,
    MessageTemplate,
    Webhook,
    WhatsAppNumber,
)
from deskbell.channels.whatsapp import account, errors, files, incoming, statuses, templates, webhook
from deskbell.channels.whatsapp.account import Account
from deskbell.channels.whatsapp.graph import Graph, GraphError
from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.kit import http
from deskbell.kit.secrets import seal, unseal
from deskbell.kit.stored import sentence
from deskbell.people.models import User
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Queue

log = logging.getLogger(__name__)

#: bytes of one webhook; the other side sends up to three megabytes
LARGEST = 4 * 1024 * 1024
#: when a file that did not come is tried again: WhatsApp keeps it for a week
TRIED_AGAIN = [timedelta(seconds=10), *map(timedelta, [1 / 1440, 10 / 1440, 1 / 24, 6 / 24, 1, 1, 1, 1, 1])]
KEPT = timedelta(days=30)
#: webhooks that say that a template changed
TEMPLATE_CHANGES = frozenset(
    {
        "message_template_status_update",
        "message_template_quality_update",
        "message_template_components_update",
        "template_category_update",
    }
)
SECRETS = ("token", "app_secret", "verify_token")
#: what is given → the form it has
ID, WORD = re.compile(r"[0-9]{1,40}"), re.compile(r"[!-~]{1,500}")
VERSION, HEADER = re.compile(r"v[0-9]{1,3}\.[0-9]{1,3}"), re.compile(r"[A-Za-z][A-Za-z0-9-]{0,59}")
#: what of a webhook could not be used
UNREADABLE = sentence(N_("It could not be read: %(reason)s"))
NOT_OURS = sentence(N_("It is for the number %(number)s, which is not ours"))
NOT_USED = sentence(N_("Deskbell makes no use of “%(field)s”"))
LEFT_OUT = sentence(N_("A part of the kind %(kind)s was left out: %(error)s"))
STATE_UNKNOWN = N_("A state of a message that is not known")
NO_OBJECT = N_("A part that is no object")
#: stores a webhook and gives it a job, in one statement
_STORE = """
    with stored as (insert into channels_webhook (channel_id, raw) values (%s, %s) returning id)
    select procrastinate_defer_jobs_v1(array[
        row('inbound', 'channels.whatsapp_webhook', 0, null, null,
            jsonb_build_object('webhook_id', stored.id), null)::procrastinate_job_to_defer_v1
    ]) from stored
"""


@dataclass(frozen=True)
class Given:
    """What an administrator says of a number. An empty secret keeps the one that is stored."""

    number_id: str
    waba_id: str
    token: str = field(default="", repr=False)
    app_secret: str = field(default="", repr=False)
    verify_token: str = field(default="", repr=False)
    base_url: str = account.BASE_URL
    version: str = account.VERSION
    auth_header: str = account.BEARER
    greets: bool = True


@transaction.atomic
def add_whatsapp(
    name: str, given: Given, *, queue: Queue | None = None, by: Actor | User = SYSTEM
) -> Channel:
    """A business number at the Cloud API. Makes a verify token where none is given. Raises BadChannel."""
    require_setup(by)
    _check(given)
    sealed = _secrets(given, {"verify_token": secrets.token_urlsafe(24)})
    channel = Channel(
        kind=Channel.Kind.WHATSAPP_CLOUD,
        name=name.strip() or given.number_id,
        address=given.number_id,
        queue=queue,
        secrets=seal({"whatsapp": sealed}),
    )
    try:
        with transaction.atomic():
            channel.save()
    except IntegrityError as error:
        raise BadChannel(f"{given.number_id} is a channel already") from error
    WhatsAppNumber.objects.create(channel=channel, **_settings(given))
    publish(events.ChannelAdded(channel_kind=channel.kind, name=channel.name), about=channel, by=by)
    return channel


@transaction.atomic
def change_whatsapp(
    channel: Channel, name: str, given: Given, *, queue: Queue | None, by: Actor | User
) -> None:
    """As an administrator says. A new token lets a number that was down try again. Raises BadChannel."""
    require_setup(by)
    _check(given)
    rows = Channel.objects.select_for_update(no_key=True, of=("self",)).select_related("whatsapp")
    stored = rows.get(pk=channel.pk)
    before = _stored_secrets(stored)
    after = _secrets(given, before)
    if given.base_url.rstrip("/") != stored.whatsapp.base_url and not given.token:
        raise BadChannel("A token is for the server it was made for: give the new one with the new address")
    changed = [key for key in SECRETS if after.get(key) != before.get(key)]
    new: dict[str, Any] = {
        "name": name.strip() or given.number_id,
        "queue": queue,
        "address": given.number_id,
    }
    changed += [each for each, value in new.items() if getattr(stored, each) != value]
    changed += [each for each, value in _settings(given).items() if getattr(stored.whatsapp, each) != value]
    if not changed:
        return
    for each, value in new.items():
        setattr(stored, each, value)
    stored.secrets = seal({"whatsapp": after})
    if stored.state == Channel.State.DOWN:
        stored.state, stored.last_error = Channel.State.OK, ""
    try:
        with transaction.atomic():
            stored.save()
    except IntegrityError as error:
        raise BadChannel(f"{given.number_id} is a channel already") from error
    WhatsAppNumber.objects.filter(channel=stored).update(**_settings(given))
    publish(events.ChannelChanged(name=stored.name, fields=sorted(set(changed))), about=stored, by=by)


def _settings(given: Given) -> dict[str, Any]:
    return {
        "waba_id": given.waba_id,
        "base_url": given.base_url.rstrip("/"),
        "version": given.version,
        "auth_header": given.auth_header,
        "greets": given.greets,
    }


def _stored_secrets(channel: Channel) -> dict[str, str]:
    """None when they were sealed with keys this desk lacks."""
    try:
        stored = unseal(bytes(channel.secrets)) if channel.secrets else {}
    except InvalidToken:
        return {}
    return dict(stored.get("whatsapp", {}))


def _secrets(given: Given, before: dict[str, str]) -> dict[str, str]:
    after = {key: getattr(given, key) or before.get(key, "") for key in SECRETS}
    if not (after["token"] and after["app_secret"]):
        raise BadChannel("A WhatsApp number needs its access_token and its app_secret")
    return after


def _check(given: Given) -> None:
    for name, value in (("phone_number_id", given.number_id), ("waba_id", given.waba_id)):
        if not ID.fullmatch(value):
            raise BadChannel(f"{name} must be digits, not {value!r}")
    for name in SECRETS:  # the value itself is not for the screen
        if getattr(given, name) and not WORD.fullmatch(getattr(given, name)):
            raise BadChannel(f"{'access_token' if name == 'token' else name} must be one word")
    if not VERSION.fullmatch(given.version):
        raise BadChannel(f"version must be such as {account.VERSION}, not {given.version!r}")
    if not HEADER.fullmatch(given.auth_header):
        raise BadChannel(f"auth_header must be the name of a header, not {given.auth_header!r}")
    try:
        parts = http.checked(given.base_url)
    except http.BadAddress as error:
        raise BadChannel(str(error).rstrip(".")) from None
    if parts.query or parts.fragment or len(given.base_url) > 300:
        raise BadChannel("base_url must be an address without ? and #")


#: key of the command line → field of Given
_WORDS = {
    "phone_number_id": "number_id",
    "waba_id": "waba_id",
    "access_token": "token",
    "app_secret": "app_secret",
    "verify_token": "verify_token",
    "base_url": "base_url",
    "version": "version",
    "auth_header": "auth_header",
}


def add_from_words(name: str, words: Mapping[str, str], *, by: Actor | User = SYSTEM) -> Channel:
    """As `add_whatsapp`, from the `key=value` of the command line; `queue` is the name of one."""
    known = {_WORDS[key]: value for key, value in words.items() if key in _WORDS}
    if unknown := sorted(set(words) - {*_WORDS, "queue", "greets"}):
        raise BadChannel(f"Unknown setting: {', '.join(unknown)}")
    if missing := [
        key for key in ("phone_number_id", "waba_id", "access_token", "app_secret") if not words.get(key)
    ]:
        raise BadChannel(f"A WhatsApp number needs {', '.join(missing)}")
    given = Given(**known, greets=is_on(words.get("greets", "yes")))
    return add_whatsapp(name, given, queue=queue_named(words.get("queue", "")), by=by)


# --- what the other side posts --------------------------------------------------------------------


def store_webhook(channel: Channel, body: bytes) -> None:
    """Keep a webhook whose signature was right, with the job that reads it: one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_STORE, [channel.pk, body])


@transaction.atomic
def handle_webhook(webhook_id: int) -> None:
    """Split a webhook into messages for the ledger and states of our own, all of it once.

    One bad part never stops the next. Raises OperationalError when another webhook with the same messages
    is read at this moment: then again.
    """
    row = (
        Webhook.objects.select_for_update(of=("self",)).select_related("channel__whatsapp").get(pk=webhook_id)
    )
    if row.handled_at is not None:
        return
    problems: list[str] = []
    try:
        for part in webhook.parts(bytes(row.raw)):
            problems.append(_taken(part, row.channel))
    except webhook.Unreadable as error:
        problems.append(UNREADABLE % {"reason": error})
    said = "; ".join(dict.fromkeys(filter(None, problems)))[:500]
    Webhook.objects.filter(pk=row.pk).update(handled_at=timezone.now(), problem=said)


def _taken(part: webhook.Part, channel: Channel) -> str:
    """As `_take`, whatever the part does to us."""
    try:
        with transaction.atomic():
            return _take(part, channel)
    except OperationalError:
        raise
    except Exception as error:
        log.exception("a part of a webhook was left out", extra={"channel": channel.pk})
        return LEFT_OUT % {"kind": part.kind, "error": type(error).__name__}


def _take(part: webhook.Part, channel: Channel) -> str:
    """Take one part; what is wrong with it, if anything."""
    if part.number_id and part.number_id != channel.address:
        numbers = Channel.objects.select_related("whatsapp").filter(kind=Channel.Kind.WHATSAPP_CLOUD)
        other = numbers.filter(address=part.number_id).first()
        # only who knows the secret of that number's app may speak of it
        if other is None or Account.of(other).app_secret != Account.of(channel).app_secret:
            return NOT_OURS % {"number": part.number_id[:40]}
        channel = other
    match part.kind:
        case "message":
            _take_message(channel, part)
        case "status":
            return "" if statuses.take(channel, part.value) else STATE_UNKNOWN
        case "change" if part.field in TEMPLATE_CHANGES:
            from deskbell.channels.jobs import whatsapp_templates  # app-ready

            whatsapp_templates.defer()
        case "odd":
            return NO_OBJECT
        case _:
            return NOT_USED % {"field": part.field[:40] or part.kind}
    return ""


def _take_message(channel: Channel, part: webhook.Part) -> None:
    """Into the ledger, once; one that is there already is counted as a duplicate."""
    from deskbell.channels.jobs import receive  # app-ready: the job application exists only after set-up

    wamid, sender = part.value.get("id"), part.value.get("from") or part.value.get("from_user_id")
    item = InboundItem(
        channel=channel,
        external_id=incoming.clean(wamid)[:600] if isinstance(wamid, str) and wamid else None,
        raw=incoming.raw(part.value, part.contacts),
        envelope_from=incoming.clean(str(sender or ""))[:300],
        envelope_to=channel.address,
    )
    try:
        with transaction.atomic():
            item.save(force_insert=True)
    except IntegrityError:
        _note_duplicate(item)
    else:
        receive.defer(item_id=item.pk)


def _note_duplicate(item: InboundItem) -> None:
    first = InboundItem.objects.defer("raw").get(channel=item.channel, external_id=item.external_id)
    item.pk, item.external_id = None, None
    item.state, item.reason = InboundItem.State.DUPLICATE, "same_message"
    item.reason_text = reasons.SAME_MESSAGE
    item.duplicate_of, item.ticket_id, item.message_id = first.pk, first.ticket_id, first.message_id
    item.decided_at = timezone.now()
    item.save(force_insert=True)


def waiting_webhooks() -> list[int]:
    """Those whose job was lost."""
    late = timezone.now() - timedelta(minutes=1)
    rows = Webhook.objects.filter(handled_at=None, received_at__lt=late)
    return list(rows.order_by("received_at").values_list("pk", flat=True)[:200])


def forget_old() -> None:
    """Webhooks are kept for a while, to be read again when somebody finds a fault in the reading."""
    now = timezone.now()
    Webhook.objects.filter(received_at__lt=now - KEPT, handled_at__isnull=False).delete()
    EarlyStatus.objects.filter(received_at__lt=now - KEPT).delete()


# --- files that did not come at once --------------------------------------------------------------


def fetch_awaited(pk: int) -> None:
    """Try once more to fetch a file of a message. After the last try it is lost, as the message then says."""
    row = AwaitedFile.objects.select_related("channel__whatsapp").filter(pk=pk, lost_at=None).first()
    if row is None:
        return
    media = incoming.Media(row.media_id, "", row.filename, row.sha256)
    try:
        file = files.fetch(row.channel, media)
    except files.NotFetched as error:
        _later(row, error)
        return
    with transaction.atomic():
        if AwaitedFile.objects.filter(pk=pk).delete()[0]:
            tickets.add_file(row.message_id, file)


@transaction.atomic
def _later(row: AwaitedFile, error: Exception) -> None:
    log.info("a file is not there yet", extra={"awaited": row.pk, "reason": str(error)[:200]})
    wait = TRIED_AGAIN[row.tries] if row.tries < len(TRIED_AGAIN) else None
    changed: dict[str, Any] = {"tries": row.tries + 1}
    if wait is None:
        changed |= {"lost_at": timezone.now(), "next_try_at": None}
        tickets.lose_file(row.message_id)
    else:
        changed["next_try_at"] = timezone.now() + wait
    AwaitedFile.objects.filter(pk=row.pk, lost_at=None).update(**changed)


def awaited_now() -> list[int]:
    due = AwaitedFile.objects.filter(lost_at=None, next_try_at__lte=timezone.now())
    return list(due.order_by("next_try_at").values_list("pk", flat=True)[:200])


# --- is it well? ----------------------------------------------------------------------------------


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
        meant = _meant(error, unknown)
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
                    "components": components if isinstance(components, list) else [],
                    "synced_at": timezone.now(),
                },
            )
            kept.append(row)
        MessageTemplate.objects.filter(channel=channel).exclude(pk__in=[row.pk for row in kept]).delete()
    return sum(templates.is_offered(row) for row in kept)


def look_after_those_down() -> None:
    """A number that nothing could be sent by is asked again: what was wrong may be mended there.

    Not where an answer to that question says nothing of what is wrong, and trying does harm.
    """
    numbers = Channel.objects.select_related("whatsapp").filter(kind=Channel.Kind.WHATSAPP_CLOUD)
    silent = (errors.RESTRICTED, errors.PAYMENT, errors.REGISTRATION)
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


def _meant(error: GraphError, unknown: str) -> errors.Known:
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
        raise NotSubscribed(_meant(error, errors.ACCOUNT).text) from None
    except (http.NoAnswer, http.BadAddress) as error:
        raise NotSubscribed(str(error)) from None
    with transaction.atomic():
        publish(events.ChannelSubscribed(name=channel.name), about=channel, by=by)


def _note_health(channel: Channel, problem: str) -> None:
    """A number that was down and answers again is well; one that is refused is down."""
    rows = Channel.objects.filter(pk=channel.pk)
    if problem:
        rows.exclude(state=Channel.State.OFF).update(state=Channel.State.DOWN, last_error=problem[:500])
    else:
        rows.filter(state=Channel.State.DOWN).update(state=Channel.State.OK, last_error="")
