from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from deskbell.files.models import Blob
from deskbell.kit.markdown import to_text
from deskbell.tickets.models.ticket import Ticket

if TYPE_CHECKING:
    from deskbell.people.models import User


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: User) -> MessageQuerySet:
        """Messages of tickets `user` may see; internal ones only where he works at the desk."""
        from deskbell.tickets.reach import visible_messages  # reach builds on these models

        return self.filter(visible_messages(user))


class Message(models.Model):
    """One thing said about a ticket, to the customer or among staff."""

    class Direction(models.TextChoices):
        IN = "in"
        OUT = "out"

    class Visibility(models.TextChoices):
        PUBLIC = "public"
        INTERNAL = "internal"

    class Kind(models.TextChoices):
        HUMAN = "human"
        AUTO = "auto"
        BOUNCE = "bounce"
        SYSTEM = "system"
        #: of the ticket was handed on to a supplier; `to` says to whom
        FORWARD = "forward"
        #: what came back to that
        SUPPLIER = "supplier"

    class Markup(models.TextChoices):
        #: `text` is Markdown and `html` what it renders to
        MARKDOWN = "markdown"
        #: `html` is a cleaned mail, shown in a sandboxed frame; `text` its plain text
        MAIL = "mail"
        #: only `text`
        PLAIN = "plain"

    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="messages", db_index=False)
    direction = models.CharField(max_length=3, choices=Direction)
    visibility = models.CharField(max_length=8, choices=Visibility)
    channel = models.CharField(max_length=20)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.HUMAN)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    subject = models.CharField(max_length=255, blank=True, default="")
    markup = models.CharField(max_length=8, choices=Markup, default=Markup.MARKDOWN)
    #: the whole plain text
    text = models.TextField(blank=True, default="")
    #: without quoted history
    new_text = models.TextField(blank=True, default="")
    #: cleaned; `cid:` images stay as they are and are resolved when shown
    html = models.TextField(blank=True, default="")
    #: how many remote images were left out
    remote_images = models.PositiveSmallIntegerField(default=0)
    #: a Message-ID, a wamid …
    external_id = models.CharField(max_length=300, blank=True, default="")
    in_reply_to = models.CharField(max_length=300, blank=True, default="")
    #: what was read of a mail beside its words, each only where it is so: `signed` and `encrypted` ("smime",
    #: "pgp"), `sender` ("verified", "unverified"), `invitations` (channels/email/invitations.py).
    #: Of a forward `messages` and `files`, the ids of what was sent on, and `answers`, the id of the
    #: supplier's message that it goes on from; of what came back to one `answers`, the forward's id, `asked`,
    #: which of its recipients that had reached, and `from`, who wrote.
    #: `was_in`, the ids of tickets it stood in before.
    #: Of a chat `whatsapp`: `type`, `reactions`, `chat` (the conversation by which it left, beside the
    #: ticket's own), `before` (what it said until its writer changed it: `text`, `until`), `gone_at` (when
    #: its writer took it back)
    details = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    to = ArrayField(models.CharField(max_length=320), default=list)
    cc = ArrayField(models.CharField(max_length=320), default=list)
    #: who got a reply without the others knowing; for the desk alone
    bcc = ArrayField(models.CharField(max_length=320), default=list, db_default=[])
    #: the raw item it came from, kept by channels
    inbound_id = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    #: when the sender says he wrote it
    sent_at = models.DateTimeField(null=True)
    edited_at = models.DateTimeField(null=True)
    redacted_at = models.DateTimeField(null=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["ticket", "id"], name="message_ticket"),
            models.Index(fields=["external_id"], name="message_external_id", condition=~Q(external_id="")),
            models.Index(fields=["created_at", "id"], name="message_created"),
            # to whom something was sent on before
            models.Index(fields=["id"], name="message_forward", condition=Q(kind="forward")),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"

    @property
    def internal(self) -> bool:
        return self.visibility == self.Visibility.INTERNAL

    @property
    def beginning(self) -> str:
        """Its first words without marks, as a quote of it shows them."""
        text = self.new_text or self.text
        return (to_text(text) if self.markup == self.Markup.MARKDOWN else text)[:160]

    @property
    def before(self) -> list[dict[str, str]]:
        """What it said until its writer changed it in the chat: `text`, and `until` when."""
        return self.details.get("whatsapp", {}).get("before", [])

    @property
    def taken_back(self) -> bool:
        """Its writer has deleted it in the chat. It is kept for those who work here."""
        return "gone_at" in self.details.get("whatsapp", {})

    @property
    def appointments(self) -> list[dict[str, Any]]:
        """Its invitations with `start` and `end` as times, or as dates for whole days; None when unknown."""
        return [
            {**card, "start": _moment(card["start"]), "end": _moment(card["end"])}
            for card in self.details.get("invitations", [])
        ]


def _moment(value: str) -> datetime | date | None:
    if len(value) <= len("2026-11-22"):
        return parse_date(value)
    at = parse_datetime(value)
    # without a zone it is the time of whoever reads it (RFC 5545 section 3.3.5)
    return timezone.make_aware(at) if at and timezone.is_naive(at) else at


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: User) -> AttachmentQuerySet:
        """Files of messages `user` may see, and his own that are not posted yet."""
        from deskbell.tickets.reach import visible_attachments  # reach builds on these models

        return self.filter(visible_attachments(user))


class Attachment(models.Model):
    """Links a blob to a message; to none until the message is posted."""

    blob = models.ForeignKey(Blob, models.PROTECT, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="attachments")
    uploader = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    filename = models.CharField(max_length=255)
    #: shown in the text, not below it
    inline = models.BooleanField(default=False)
    content_id = models.CharField(max_length=255, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())

    objects = AttachmentQuerySet.as_manager()

    def __str__(self) -> str:
        return self.filename


class Draft(models.Model):
    """What somebody is writing: survives a crash, a sign-out and another device."""

    class Kind(models.TextChoices):
        REPLY = "reply"
        NOTE = "note"
        TICKET = "ticket"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="+")
    kind = models.CharField(max_length=6, choices=Kind)
    text = models.TextField(blank=True, default="")
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "ticket", "kind"], name="draft_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} by {self.user_id}"
