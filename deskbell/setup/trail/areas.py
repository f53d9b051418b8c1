"""What one may filter the audit trail by."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

#: what one may filter by, in groups: a kind, or its beginning up to the dot → its name
AREAS: list[tuple[str | Promise, list[tuple[str, str | Promise]]]] = [
    (
        gettext_lazy("Tickets"),
        [
            ("ticket.", gettext_lazy("Everything about tickets")),
            ("ticket.opened", gettext_lazy("Opened")),
            ("ticket.message_added", gettext_lazy("Messages")),
            ("ticket.forwarded", gettext_lazy("Forwarded")),
            ("ticket.supplier_answered", gettext_lazy("Answers of suppliers")),
            ("ticket.status_changed", gettext_lazy("Status")),
            ("ticket.assigned", gettext_lazy("Assignment")),
            ("ticket.redacted", gettext_lazy("Removed words and files")),
            ("ticket.deleted", gettext_lazy("Deleted for ever")),
            ("bulk.", gettext_lazy("Several at once")),
        ],
    ),
    (
        gettext_lazy("People"),
        [
            ("user.", gettext_lazy("Everything about people")),
            ("user.rights_changed", gettext_lazy("Roles given and taken back")),
            ("role.", gettext_lazy("What roles allow")),
            ("user.signed_in", gettext_lazy("Sign-ins")),
            ("user.sign_in_failed", gettext_lazy("Refused sign-ins")),
            ("user.device_revoked", gettext_lazy("Devices signed out")),
            ("user.viewing_begun", gettext_lazy("Looking as somebody else")),
            ("user.password_set", gettext_lazy("Passwords")),
            ("signin.guessed", gettext_lazy("Guessed passwords and codes")),
            ("user.deactivated", gettext_lazy("Closed accounts")),
            ("user.anonymised", gettext_lazy("Anonymised people")),
            ("user.merged", gettext_lazy("Merged people")),
            ("identityprovider.", gettext_lazy("Single sign-on")),
            ("directory.", gettext_lazy("Directories")),
            ("invitation.", gettext_lazy("Invitations")),
            ("token.", gettext_lazy("API tokens")),
            ("team.", gettext_lazy("Teams")),
            ("organization.", gettext_lazy("Organisations")),
            ("site.", gettext_lazy("Sites")),
        ],
    ),
    (
        gettext_lazy("Setup"),
        [
            ("company.", gettext_lazy("Company")),
            ("queue.", gettext_lazy("Queues")),
            ("status.", gettext_lazy("Statuses")),
            ("type.", gettext_lazy("Types")),
            ("tag.", gettext_lazy("Tags")),
            ("reply.", gettext_lazy("Saved replies")),
            ("channel.", gettext_lazy("Channels")),
            ("mail_text.", gettext_lazy("Mail texts")),
            ("sender.", gettext_lazy("Senders")),
            ("signinprovider.", gettext_lazy("Sign-in providers")),
        ],
    ),
    (
        gettext_lazy("Mail"),
        [("inbound.", gettext_lazy("Received")), ("outbox.", gettext_lazy("Sent"))],
    ),
    (gettext_lazy("System"), [("backup.", gettext_lazy("Backups"))]),
]
