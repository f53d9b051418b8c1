"""What WhatsApp's error codes mean, for the outbox and for the agent (Cloud API error codes).

Decided by the code alone: titles, HTTP statuses and subcodes differ between versions.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_noop as N_

from deskbell.kit.stored import sentence


class Meaning(StrEnum):
    #: passes by itself
    RETRY = "retry"
    #: passes, but not soon: the seconds in `wait`
    WAIT = "wait"
    #: only a template may be sent now
    TEMPLATE = "template"
    #: this message is refused for good
    FINAL = "final"
    #: nothing can be sent by the number until somebody has mended it
    CHANNEL = "channel"


@dataclass(frozen=True)
class Known:
    meaning: Meaning
    #: an English sentence, shown in the reader's language
    text: str
    wait: int = 0


_R, _W, _T, _F, _C = Meaning.RETRY, Meaning.WAIT, Meaning.TEMPLATE, Meaning.FINAL, Meaning.CHANNEL

WINDOW_CLOSED = N_("The customer last wrote more than 24 hours ago: WhatsApp takes nothing but templates now")
TOKEN = N_("WhatsApp does not take the access token any more: give the number a new one")
PERMISSION = N_("The access token may not do that: it needs the permission to send WhatsApp messages")
RESTRICTED = N_("WhatsApp has restricted this business account: see the WhatsApp Manager")
NUMBER = N_("WhatsApp does not know our number under this id any more")
ACCOUNT = N_("WhatsApp does not know the business account id, or the access token may not see it")
PARTNER_REMOVED = N_("The partner of Meta by whom this number was joined has let it go: join it again there")
OFFBOARDED = N_("This number was taken off the API, at Meta or in the app on its phone: join it again")
RECONNECTED = N_("This number is joined again")
REGISTRATION = N_("Our number is not registered yet, or its display name is not approved")
PAYMENT = N_("WhatsApp has no valid way of payment for this account")
LATER = N_("WhatsApp is not available at the moment")
CROWDED = N_("WhatsApp takes no more messages by our number at the moment")
PAIR = N_("Too many messages to this customer in a short time")
REFUSED = N_("WhatsApp refused the message")
UNREACHABLE = N_("This number cannot be reached on WhatsApp: it has none, or an old version of it")
ITSELF = N_("That is our own number")
BLOCKED = N_("We have blocked this contact on WhatsApp")
COUNTRY = N_("WhatsApp does not let this business write to that country")
EXPERIMENT = N_("WhatsApp leaves this person out of messages of that kind")
NOT_NOW = N_("WhatsApp did not deliver it, to spare the person too many messages")
STOPPED_ALL = N_("The customer wrote STOP: no template may be sent to him until he writes START")
NO_CONSENT = N_("Nobody has noted yet that this person agreed to get messages by WhatsApp")
STOPPED = N_("The person wants no more messages of that kind")
MEDIA = N_("WhatsApp could not take the file")
TEST_NUMBER = N_("A test number writes only to numbers on its list in the Meta dashboard")
TEMPLATE = N_("The template does not exist, is not approved, or does not fit its values")
PAUSED = N_("WhatsApp has paused or switched off this template")
NOT_SUBSCRIBED = N_("No app is subscribed to this WhatsApp account: nothing that customers write comes in")
SWITCHED_OFF = N_("The WhatsApp number is switched off")
FILE_GONE = N_("The file is not on our disk any more")
ORDER = N_("A message to this customer is still on its way before it")
LATE_CODE = N_("The code was no longer good when it could have been sent: the person asks for a new one")
NO_PHONE = N_("WhatsApp wants a phone number for this, and the person has shown none")

KNOWN: dict[int, Known] = {
    0: Known(_C, TOKEN),
    190: Known(_C, TOKEN),
    3: Known(_C, PERMISSION),
    10: Known(_C, PERMISSION),
    131005: Known(_C, PERMISSION),
    **{code: Known(_C, PERMISSION) for code in range(200, 300)},
    1: Known(_R, LATER),
    2: Known(_R, LATER),
    4: Known(_W, CROWDED, 300),
    80007: Known(_W, CROWDED, 300),
    33: Known(_C, NUMBER),
    368: Known(_C, RESTRICTED),
    131031: Known(_C, RESTRICTED),
    130403: Known(_F, BLOCKED),
    130429: Known(_W, CROWDED, 5),
    130472: Known(_F, EXPERIMENT),
    130497: Known(_F, COUNTRY),
    131000: Known(_R, LATER),
    131016: Known(_W, LATER, 30),
    133004: Known(_W, LATER, 30),
    131021: Known(_F, ITSELF),
    131026: Known(_F, UNREACHABLE),
    131030: Known(_F, TEST_NUMBER),
    131037: Known(_C, REGISTRATION),
    131045: Known(_C, REGISTRATION),
    133006: Known(_C, REGISTRATION),
    133010: Known(_C, REGISTRATION),
    131042: Known(_C, PAYMENT),
    131044: Known(_C, PAYMENT),
    134011: Known(_C, PAYMENT),
    131047: Known(_T, WINDOW_CLOSED),
    131048: Known(_W, CROWDED, 3600),
    131049: Known(_F, NOT_NOW),
    131050: Known(_F, STOPPED),
    131053: Known(_F, MEDIA),
    131056: Known(_W, PAIR, 6),
    131057: Known(_W, LATER, 20),
    131062: Known(_F, NO_PHONE),
    **{code: Known(_F, TEMPLATE) for code in (132000, 132001, 132005, 132007, 132008, 132012, 132018)},
    132015: Known(_F, PAUSED),
    132016: Known(_F, PAUSED),
}
#: with their own words in English behind ours
UNKNOWN = sentence(N_("WhatsApp refused the message: %(reason)s"))


#: a gateway on the way, a wrong address
NOT_ITS_WORDS = sentence(N_("What answered does not speak as WhatsApp does: HTTP %(status)s"))


def known(code: int, text: str) -> Known:
    """What a code means; one that nobody told us of is final, with the other side's words."""
    return KNOWN.get(code) or Known(_F, UNKNOWN % {"reason": text})
