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
def put(name: str, recipient: str, *, code: str = "") -> None:
    """Put the mail `name` (a key of WORDS) for `recipient`, in the active language.

    Every request for one is its own cause: a second code is a second mail.
    """
    _put(name, recipient, reverse("account_login"), code=code)


@transaction.atomic
def put_strange_device(user: User, device: Device) -> None:
    """Tell `user` that he signed in with a browser he had not used before: it may have been somebody else."""
    with reading(language=user.language, time_zone=user.time_zone):
        said = {"device": device.words, "when": time.exact(device.signed_in_at)}
        _put("strange_device", str(user.email), reverse("account_devices"), **said)


def _put(name: str, recipient: str, link: str, **said: str) -> None:
    outbox.put(
        "email",
        recipient=recipient,
        kind=f"account.{name}",
        cause=("account_request", secrets.randbits(62)),
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
