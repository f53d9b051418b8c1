"""Templates that come with the desk, in the languages of its pages, for WhatsApp to approve.

Their words are as WhatsApp asks (message_templates): no variable at the beginning or the end, several words
for each, no advertising, an example for every value. Those of the one with a code are WhatsApp's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_noop as N_

from deskbell.channels.models import MessageTemplate
from deskbell.channels.whatsapp import templates

#: language of WhatsApp → its name
LANGUAGES = {"en_US": "English", "de": "Deutsch"}
#: value → how it may look, by language
EXAMPLES = {
    "name": {"en_US": "Asha", "de": "Asha"},
    "ticket": {"en_US": "#4711", "de": "#4711"},
    "state": {"en_US": "waiting for your answer", "de": "wartet auf Ihre Antwort"},
    "day": {"en_US": "Tuesday, May 4", "de": "Dienstag, dem 4. Mai"},
    "from_time": {"en_US": "9:00", "de": "9:00"},
    "to_time": {"en_US": "11:00", "de": "11:00"},
    "1": {"en_US": "KQ7M-3XWP", "de": "KQ7M-3XWP"},
}
#: the end of the one with a code, as WhatsApp words it
ENDS = {"en_US": "This code expires in %s minutes.", "de": "Dieser Code läuft in %s Minuten ab."}
#: name of the one that carries a code for signing in
CODE = "sign_in_code"


@dataclass(frozen=True)
class Draft:
    """`purpose` is an English sentence, shown in the reader's language; the others are by language."""

    name: str
    purpose: str
    body: dict[str, str]
    buttons: dict[str, tuple[str, ...]]
    category: str = "UTILITY"


DRAFTS = (
    Draft(
        "ticket_received",
        N_("Says that a request has arrived, and its number"),
        {
            "en_US": (
                "Hello {{name}}, we have received your request. Its number is {{ticket}}, and we will "
                "write to you here as soon as there is news."
            ),
            "de": (
                "Hallo {{name}}, Ihre Anfrage ist bei uns angekommen. Sie hat die Nummer {{ticket}}, und "
                "wir schreiben Ihnen hier, sobald es Neues gibt."
            ),
        },
        {},
    ),
    Draft(
        "ticket_reply_waiting",
        N_("Says that an answer waits, and lets the customer open the chat again by a tap"),
        {
            "en_US": (
                "Hello {{name}}, there is a new answer to your request {{ticket}}. Tap the button below, "
                "and we send it to you here."
            ),
            "de": (
                "Hallo {{name}}, zu Ihrer Anfrage {{ticket}} gibt es eine neue Antwort. Tippen Sie unten "
                "auf den Knopf, und wir senden sie Ihnen hier."
            ),
        },
        {"en_US": ("Read and answer",), "de": ("Lesen und antworten",)},
    ),
    Draft(
        "ticket_status_changed",
        N_("Says how far a request is"),
        {
            "en_US": (
                "Hello {{name}}, the state of your request {{ticket}} has changed. It is now: {{state}}. "
                "If you have a question about it, please reply here."
            ),
            "de": (
                "Hallo {{name}}, der Stand Ihrer Anfrage {{ticket}} hat sich geändert. Er ist jetzt: "
                "{{state}}. Wenn Sie dazu eine Frage haben, antworten Sie bitte hier."
            ),
        },
        {},
    ),
    Draft(
        "ticket_resolved_csat",
        N_("Says that a request is resolved, and asks whether it is"),
        {
            "en_US": (
                "Hello {{name}}, we have marked your request {{ticket}} as resolved. Is everything "
                "working again, and are you satisfied with our help?"
            ),
            "de": (
                "Hallo {{name}}, wir haben Ihre Anfrage {{ticket}} als gelöst vermerkt. Geht wieder "
                "alles, und sind Sie mit unserer Hilfe zufrieden?"
            ),
        },
        {
            "en_US": ("Perfect, thank you", "Not solved yet"),
            "de": ("Perfekt, vielen Dank", "Noch nicht gelöst"),
        },
    ),
    Draft(
        "appointment_confirm",
        N_("Proposes when an engineer comes, and asks whether that suits"),
        {
            "en_US": (
                "Hello {{name}}, our engineer would like to visit you about your request {{ticket}} on "
                "{{day}}, between {{from_time}} and {{to_time}}. Please tell us whether this suits you."
            ),
            "de": (
                "Hallo {{name}}, zu Ihrer Anfrage {{ticket}} möchte unser Techniker Sie am {{day}} "
                "besuchen, zwischen {{from_time}} und {{to_time}} Uhr. Bitte sagen Sie uns, ob Ihnen das "
                "passt."
            ),
        },
        {
            "en_US": ("That suits me", "Another time please"),
            "de": ("Das passt mir", "Bitte ein anderer Termin"),
        },
    ),
    Draft(
        "reopen_window",
        N_("Asks the customer to write, so that you can answer freely again"),
        {
            "en_US": (
                "Hello {{name}}, we would like to go on with your request {{ticket}} and have something "
                "to tell you. Please reply to this message so that we can continue here."
            ),
            "de": (
                "Hallo {{name}}, wir möchten mit Ihrer Anfrage {{ticket}} weitermachen und Ihnen etwas "
                "mitteilen. Bitte antworten Sie auf diese Nachricht, damit es hier weitergehen kann."
            ),
        },
        {"en_US": ("Please continue",), "de": ("Bitte weitermachen",)},
    ),
    Draft(
        CODE,
        N_("Carries the code when somebody signs in by WhatsApp"),
        {
            "en_US": "*{{1}}* is your verification code. For your security, do not share this code.",
            "de": "*{{1}}* ist dein Verifizierungscode. Gib diesen Code zu deiner Sicherheit nicht weiter.",
        },
        {"en_US": ("Copy code",), "de": ("Code kopieren",)},
        category=templates.AUTHENTICATION,
    ),
)


def draft_named(name: str) -> Draft | None:
    return next((each for each in DRAFTS if each.name == name), None)


def to_submit(draft: Draft, language: str) -> dict[str, Any]:
    """What is handed over for approval."""
    if draft.category == templates.AUTHENTICATION:
        return _code_to_submit(draft, language)
    return {
        "name": draft.name,
        "language": language,
        "category": draft.category,
        "parameter_format": "NAMED",
        "components": _components(draft, language),
    }


def preview(draft: Draft, language: str) -> str:
    """How it reads with the examples."""
    template = MessageTemplate(components=_components(draft, language))
    if draft.category == templates.AUTHENTICATION:
        ends = ENDS[language] % (settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT // 60)
        template.components.append({"type": "FOOTER", "text": ends})
    given = {each.key: EXAMPLES[each.name][language] for each in templates.variables(template)}
    return templates.preview(template, given)


def is_ours(draft: Draft, row: MessageTemplate) -> bool:
    """Whether the template of that name at WhatsApp has the words of `draft`."""
    if draft.category == templates.AUTHENTICATION:
        return templates.takes_code(row)
    return templates.body_of(row) == draft.body.get(row.language)


def _code_to_submit(draft: Draft, language: str) -> dict[str, Any]:
    """Words are chosen, not written (authentication templates, copy code). One that could not be delivered
    while its code is good is not delivered at all.
    """
    seconds = settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT
    button = {"type": "OTP", "otp_type": "COPY_CODE", "text": draft.buttons[language][0]}
    return {
        "name": draft.name,
        "language": language,
        "category": draft.category,
        "message_send_ttl_seconds": seconds,
        "components": [
            {"type": "BODY", "add_security_recommendation": True},
            {"type": "FOOTER", "code_expiration_minutes": seconds // 60},
            {"type": "BUTTONS", "buttons": [button]},
        ],
    }


def _components(draft: Draft, language: str) -> list[dict[str, Any]]:
    body = draft.body[language]
    examples = [
        {"param_name": name, "example": EXAMPLES[name][language]} for name in templates.names_in(body)
    ]
    found: list[dict[str, Any]] = [
        {"type": "BODY", "text": body, "example": {"body_text_named_params": examples}}
    ]
    if buttons := draft.buttons.get(language):
        found.append(
            {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": each} for each in buttons]}
        )
    return found
