"""What a gateway's words mean, for the outbox, for agents and for administrators."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.utils.translation import gettext_noop as N_

from deskbell.channels.models import Channel, LinkedDevice
from deskbell.channels.whatsapp.errors import SWITCHED_OFF
from deskbell.gateway.protocol import Code, Link
from deskbell.kit.stored import sentence

#: why a message did not leave
_CODES: dict[str, str] = {
    Code.NOT_ON_WHATSAPP: N_("This number cannot be reached on WhatsApp"),
    Code.REACHOUT_LOCKED: N_(
        "WhatsApp does not let this linked device write to this person: wait until he writes, or use your "
        "own WhatsApp"
    ),
    Code.RESTRICTED: N_("WhatsApp has restricted what our number may send for some time"),
    Code.BANNED: N_("WhatsApp has blocked our number for some time"),
    Code.NOT_CONNECTED: N_("WhatsApp Web is not connected; it is tried again"),
    Code.LOGGED_OUT: N_("The phone has unlinked WhatsApp Web: somebody has to link it again"),
    Code.INVALID_RECIPIENT: N_("WhatsApp does not know this chat"),
    Code.MEDIA_TOO_BIG: N_("The file is too big for WhatsApp"),
    Code.TIMEOUT_UNKNOWN: N_("WhatsApp did not confirm it: it may have arrived. Look at the phone."),
    Code.UNSUPPORTED: N_("The gateway cannot send messages of this kind"),
    Code.INTERNAL: N_("The gateway failed at this message"),
}
#: what is wrong with a link that has ended, or why nothing leaves by it
LINKS = {
    Link.STOPPED: N_("WhatsApp Web is not linked"),
    Link.PAIRING: N_("WhatsApp Web waits to be linked with the phone"),
    Link.LOGGED_OUT: N_("The phone has unlinked WhatsApp Web: somebody has to link it again"),
    Link.CONFLICT: N_("Another program uses this WhatsApp Web link: end it there, then connect again"),
    Link.BANNED: N_("WhatsApp has blocked our number for some time"),
    Link.OUTDATED: N_("WhatsApp takes this version of the gateway no more: it has to be updated"),
    Link.MISSING: N_("The gateway lacks its library: pip install 'deskbell[whatsapp-web]'"),
}
PAUSED = N_("Sending by WhatsApp Web is paused by an administrator")
RESTRICTED = N_("WhatsApp has restricted what our number may send for some time")
CONNECTING = N_("WhatsApp Web is connecting")
NO_GATEWAY = N_("The gateway of WhatsApp Web does not answer")
REFUSED = N_("The gateway does not take our signature: its secret is another one")
HANDED = N_("Handed to WhatsApp Web; its answer is awaited")
FORGOTTEN = N_("The gateway does not remember this message: it may have arrived. Look at the phone.")
PACE = N_("One message after the other: WhatsApp Web is kept slow so that the number is not blocked")
PER_HOUR = sentence(
    N_("%(count)s people were written to within an hour, which is the limit of this number; it waits")
)
PER_DAY = sentence(N_("%(count)s messages left within a day, which is the limit of this number; it waits"))
SAME_TEXT = sentence(
    N_("The same text went to %(count)s people within an hour: another one could get the number blocked")
)
NOT_WRITTEN = sentence(N_("The customer last wrote more than %(days)s days ago: he has to write first"))


def of(code: str) -> str:
    """What a code of the gateway means."""
    return _CODES.get(code, _CODES[Code.INTERNAL])


def problem_of(device: LinkedDevice) -> str:
    """Why nothing leaves by it now; empty when it may send."""
    if said := LINKS.get(Link(device.link_state)):
        return said
    if device.send_state == LinkedDevice.SendState.PAUSED:
        return PAUSED
    if device.is_restricted:
        return RESTRICTED
    return "" if device.link_state == Link.WORKING else CONNECTING


def trouble_of(channel: Channel) -> str:
    """As `problem_of`, of a number that may be switched off as well."""
    return SWITCHED_OFF if channel.state == Channel.State.OFF else problem_of(channel.device)


def note_refusal(channel: Channel, code: str, until: Any) -> None:
    """A refused message may say that nothing at all can be sent for some time."""
    from deskbell.channels.whatsapp_web import device  # the two call each other

    if code in (Code.RESTRICTED, Code.REACHOUT_LOCKED, Code.BANNED):
        device.restrict(channel, code, moment(until))


def moment(given: Any) -> datetime | None:
    """Unix seconds as a time; None for anything that is none."""
    if isinstance(given, bool) or not isinstance(given, int | float):
        return None
    try:
        return datetime.fromtimestamp(given, UTC)
    except (ValueError, OverflowError, OSError):
        return None
