"""Events in words: mailboxes, numbers, and what came in and left by them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.channels.models import SenderRule
from deskbell.channels.whatsapp_web.device import PASSING
from deskbell.channels.whatsapp_web.words import CONNECTING, LINKS
from deskbell.events.models import Event
from deskbell.kit.stored import said
from deskbell.notifications.texts import MAILS
from deskbell.setup.ledgers import RECEIVED, SENT
from deskbell.setup.trail.fields import of, plain
from deskbell.setup.trail.names import Names, detail


def _told(event: Event, names: Names) -> str:
    return _("heard from WhatsApp: %(said)s") % {"said": said(event.data["said"])}


def _consent(event: Event, names: Names) -> str:
    data = event.data
    if data["purpose"] == "marketing":
        return (
            _("agreed to advertising by WhatsApp") if data["given"] else _("wants no advertising by WhatsApp")
        )
    return _("agreed to notices by WhatsApp") if data["given"] else _("wants no notices by WhatsApp")


def _sender_listed(event: Event, names: Names) -> str:
    words = (
        _("blocked the sender %(sender)s")
        if event.data["list"] == SenderRule.Kind.BLOCK
        else _("put the sender %(sender)s on the list of the always welcome ones")
    )
    return words % {"sender": detail(event, "given") or "–"}


def _sender_unlisted(event: Event, names: Names) -> str:
    return _("took the sender %(sender)s from the list") % {"sender": detail(event, "given") or "–"}


def _mail_text(words: str | Promise) -> Callable[[Event, Names], str]:
    def said(event: Event, names: Names) -> str:
        mail = MAILS.get(event.data["mail"])
        language = dict(settings.LANGUAGES).get(event.data["language"], event.data["language"])
        return str(words) % {"mail": mail.title if mail else event.data["mail"], "language": language}

    return said


def _channel_switched(event: Event, names: Names) -> str:
    return _("switched the channel on") if event.data["on"] else _("switched the channel off")


def _link_changed(event: Event, names: Names) -> str:
    words = LINKS.get(event.data["after"], CONNECTING if event.data["after"] in PASSING else "")
    return _("WhatsApp Web: %(state)s") % {"state": _(words) if words else _("linked and working")}


def _sending_paused(event: Event, names: Names) -> str:
    return _("paused sending") if event.data["paused"] else _("let sending go on")


def _decided(event: Event, names: Names) -> str:
    return _("decided on a received message: %(state)s (%(reason)s)") % {
        "state": _state(RECEIVED, event),
        "reason": event.data["reason"] or "–",
    }


def _delivery(event: Event, names: Names) -> str:
    if event.data["error_code"]:
        return _("noted a message as %(state)s: %(code)s") % {
            "state": _state(SENT, event),
            "code": event.data["error_code"],
        }
    return _("noted a message as %(state)s") % {"state": _state(SENT, event)}


def _state(states: Mapping[str, tuple[Any, ...]], event: Event) -> object:
    """The state that `event` names, in words."""
    known = states.get(event.data["state"])
    return known[0] if known else event.data["state"]


WORDS: dict[str, Any] = {
    "sender.listed": _sender_listed,
    "sender.unlisted": _sender_unlisted,
    "mail_text.changed": _mail_text(gettext_lazy("changed the mail “%(mail)s” (%(language)s)")),
    "mail_text.reset": _mail_text(gettext_lazy("reset the mail “%(mail)s” (%(language)s)")),
    "channel.added": plain(gettext_lazy("added the channel")),
    "channel.changed": of(gettext_lazy("changed the channel: %(fields)s")),
    "channel.subscribed": plain(gettext_lazy("subscribed the app to the WhatsApp account")),
    "channel.template_submitted": of(
        gettext_lazy("sent the WhatsApp template %(template)s (%(language)s) for approval")
    ),
    "channel.switched": _channel_switched,
    "channel.risk_accepted": plain(
        gettext_lazy("accepted for the company that WhatsApp may block the number")
    ),
    "channel.link_changed": _link_changed,
    "channel.sending_restricted": plain(gettext_lazy("was restricted by WhatsApp: nothing leaves by it")),
    "channel.sending_paused": _sending_paused,
    "channel.same_text_stopped": plain(
        gettext_lazy("stopped a text that was about to go to too many people")
    ),
    "channel.removed": plain(gettext_lazy("removed the channel")),
    "user.chat_link_made": plain(gettext_lazy("made a link to chat by WhatsApp")),
    "user.consent_changed": _consent,
    "channel.told": _told,
    "channel.fetched_again": plain(
        gettext_lazy("asked the mail server again for a mail it could not hand out")
    ),
    "channel.signed_in": plain(gettext_lazy("signed in at the mail provider")),
    "channel.sign_in_needed": of(gettext_lazy("was refused by its mail provider: %(said)s")),
    "signinprovider.added": plain(gettext_lazy("added the sign-in provider")),
    "signinprovider.changed": of(gettext_lazy("changed the sign-in provider: %(fields)s")),
    "signinprovider.removed": plain(gettext_lazy("removed the sign-in provider")),
    "inbound.decided": _decided,
    "inbound.replayed": plain(gettext_lazy("sent a received message through intake again")),
    "outbox.delivery": _delivery,
    "outbox.failed": plain(gettext_lazy("gave a message up")),
    "outbox.withdrawn": plain(gettext_lazy("withdrew a message that had not left")),
    "outbox.retried": plain(gettext_lazy("sent a message again that had not arrived")),
}
