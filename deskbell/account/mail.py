"""Mails about the account: a code, or the news that one has an account already."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

import css_inline
from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.notifications import letterhead
from deskbell.outbox import actions as outbox
from deskbell.people.queries import company


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
WORDS["email_confirmation_signup"] = WORDS["email_confirmation"]

_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


@transaction.atomic
def put(name: str, recipient: str, *, code: str = "") -> None:
    """Put the mail `name` (a key of WORDS) for `recipient`, in the active language.

    Every request for one is its own cause: a second code is a second mail.
    """
    outbox.put(
        "email",
        recipient=recipient,
        kind=f"account.{name}",
        cause=("account_request", secrets.randbits(62)),
        payload=_payload(WORDS[name], code),
    )


def _payload(words: Words, code: str) -> dict[str, object]:
    named = {"code": code, "company": company().name}
    context = {
        **letterhead.context(),
        "subject": str(words.subject) % named,
        "words": words,
        "code": code,
        "link": settings.BASE_URL + reverse("account_login") if words.link_label else "",
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
