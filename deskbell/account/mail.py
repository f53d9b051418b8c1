"""Mails about the account: a code, the news that one has one already, or that it was used somewhere new."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace

import css_inline
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.kit import time
from deskbell.notifications import letterhead
from deskbell.outbox import actions as outbox
from deskbell.people.models import Device, User
from deskbell.people.queries import company
from deskbell.people.reader import reading


@dataclass(frozen=True)
class Words:
    subject: str | Promise
    lead: str | Promise
    hint: str | Promise
    link_label: str | Promise = ""


NOT_YOU = _("If this was not you, do nothing: without the code nobody gets in.")
WORDS = {
    "sign_up_code": Words(
        _("%(code)s is your code for %(company)s"),
        _("Welcome. Enter this code to finish signing up:"),
        NOT_YOU,
    ),
    "login_code": Words(
        _("%(code)s is your sign-in code for %(company)s"), _("Enter this code to sign in:"), NOT_YOU
    ),
    "password_reset_code": Words(
        _("%(code)s is your code for a new password at %(company)s"),
        _("Enter this code to choose a new password:"),
        NOT_YOU,
    ),
    "email_confirmation": Words(
        _("%(code)s is your code for %(company)s"), _("Enter this code to confirm your address:"), NOT_YOU
    ),
    "account_already_exists": Words(
        _("You have an account at %(company)s already"),
        _("Somebody, probably you, tried to sign up with this address. You have an account already."),
        _(
            "Sign in, or ask for a code there if you do not know your password. "
            "If this was not you, do nothing."
        ),
        _("Sign in"),
    ),
}
TAKE_CARE = _(
    "If this was not you, somebody else gets into your account: set a new password at once and tell the "
    "people who run this desk."
)
#: news about the account's safety; the event's kind → the mail
SAFETY = {
    "user.second_factor_on": "second_factor_on",
    "user.second_factor_off": "second_factor_off",
    "user.passkey_added": "passkey_added",
    "user.passkey_removed": "passkey_removed",
    "user.number_proven": "number_proven",
    "user.second_factor_reset": "second_factor_reset",
    "user.recovery_codes_made": "recovery_codes_made",
    "user.recovery_code_used": "recovery_code_used",
    "user.password_set": "password_changed",
    "user.recovered": "recovered",
}
WORDS |= {
    "second_factor_on": Words(
        _("Your second factor at %(company)s is on"),
        _("From now on signing in takes a code of your authenticator app, too."),
        TAKE_CARE,
    ),
    "second_factor_off": Words(
        _("Your second factor at %(company)s is off"),
        _("From now on signing in takes no code of an authenticator app."),
        TAKE_CARE,
    ),
    "passkey_added": Words(
        _("A passkey was added to your account at %(company)s"),
        _("From now on signing in takes a passkey or another second factor."),
        TAKE_CARE,
    ),
    "passkey_removed": Words(
        _("A passkey was removed from your account at %(company)s"),
        _("It signs nobody in any more."),
        TAKE_CARE,
    ),
    "number_proven": Words(
        _("A WhatsApp number can sign in to your account at %(company)s"),
        _("From now on a code sent to it by WhatsApp signs in to your account."),
        _(
            "If this was not you, somebody else gets into your account: take the number away under "
            "My account, set a new password, and tell the people who run this desk."
        ),
    ),
    "second_factor_reset": Words(
        _("Your second factor at %(company)s was reset"),
        _("An administrator took your second factor away. You can set up a new one in your account."),
        _("If you did not ask for this, tell the people who run this desk."),
    ),
    "recovery_codes_made": Words(
        _("New recovery codes for %(company)s"),
        _("New recovery codes were made for your account. The old ones no longer work."),
        TAKE_CARE,
    ),
    "recovery_code_used": Words(
        _("A recovery code was used at %(company)s"),
        _("Somebody, probably you, signed in with one of your recovery codes. It does not work again."),
        TAKE_CARE,
    ),
    "password_changed": Words(
        _("Your password at %(company)s was changed"),
        _("The password of your account was changed. Other devices are signed out."),
        TAKE_CARE,
    ),
    "recovered": Words(
        _("Your account at %(company)s was recovered"),
        _(
            "A link printed on the server was used: your account has a new password, and no second factor "
            "any more."
        ),
        TAKE_CARE,
    ),
}
WORDS["strange_device"] = Words(
    _("New sign-in to your account at %(company)s"),
    _("Somebody signed in to your account in a browser we had not seen before: %(device)s, %(when)s."),
    _(
        "If this was you, all is well. If not, change your password and sign the device out: "
        "both stand under My account."
    ),
    _("Look at my devices"),
)
WORDS["email_confirmation_signup"] = WORDS["email_confirmation"]

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


@transaction.atomic
def put(name: str, recipient: str, *, code: str = "", event: int | None = None) -> None:
    """Put the mail `name` (a key of WORDS) for `recipient`, in the active language.

    Every request for one is its own cause: a second code is a second mail. News have the id of their event.
    """
    _put(name, recipient, reverse("account_login"), {"code": code}, event=event)


@transaction.atomic
def put_strange_device(user: User, device: Device) -> None:
    """Tell `user` that he signed in with a browser he had not used before: it may have been somebody else."""
    with reading(language=user.language, time_zone=user.time_zone):
        said = {"device": device.words, "when": time.exact(device.signed_in_at)}
        _put("strange_device", str(user.email), reverse("account_devices"), said)


def _put(name: str, recipient: str, link: str, said: dict[str, str], *, event: int | None = None) -> None:
    outbox.put(
        "email",
        recipient=recipient,
        kind=f"account.{name}",
        cause=("event", event) if event else ("account_request", secrets.randbits(62)),
        payload=_payload(WORDS[name], link, said),
    )


def _payload(words: Words, link: str, said: dict[str, str]) -> dict[str, object]:
    named = {"company": company().name, **said}
    context = {
        **letterhead.context(),
        "subject": str(words.subject) % named,
        "words": replace(words, lead=str(words.lead) % named),
        "code": said.get("code", ""),
        "link": settings.BASE_URL + link if words.link_label else "",
        "link_label": words.link_label,
    }
    text = render_to_string("account/mail.txt", context)
    return {
        "subject": context["subject"],
        "text": re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
        "html": _inliner.inline(render_to_string("account/mail.html", context)),
        "attachments": letterhead.attached(),
        "headers": {
            "X-Deskbell-Type": "account",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    }
