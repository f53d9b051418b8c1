from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from deskbell.channels.models.channel import Channel
from deskbell.channels.models.inbound import InboundItem


class Server(models.Model):
    """Where a mail server is and how to sign in there."""

    class Security(models.TextChoices):
        #: encrypted from the first byte
        TLS = "tls"
        STARTTLS = "starttls"
        NONE = "none"

    host = models.CharField(max_length=255)
    port = models.PositiveIntegerField()
    security = models.CharField(max_length=8, choices=Security, default=Security.TLS)
    #: empty where the server asks for no sign-in
    username = models.CharField(max_length=320, blank=True)
    #: encrypted JSON string
    password = models.BinaryField(null=True)
    #: signs in by the mailbox's MailboxSignIn (OAuth 2.0) instead of a password
    with_token = models.BooleanField(default=False, db_default=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


class IncomingServer(Server):
    """A folder of a mail server from which a mailbox fetches, and how far it has come."""

    class Protocol(models.TextChoices):
        IMAP = "imap"
        POP3 = "pop3"

    class After(models.TextChoices):
        """What becomes of a fetched mail on its server. POP3 knows no marks: there it stays or goes."""

        SEEN = "seen"
        MOVE = "move"
        DELETE = "delete"
        KEEP = "keep"

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="incoming")
    protocol = models.CharField(max_length=4, choices=Protocol, default=Protocol.IMAP)
    folder = models.CharField(max_length=255, default="INBOX")
    after = models.CharField(max_length=6, choices=After, default=After.SEEN)
    #: where `move` puts them
    moved_to = models.CharField(max_length=255, blank=True, default="Processed")
    #: how many days back mails are fetched that lay there before; 0 means none of them, null all
    days_back = models.PositiveIntegerField(null=True, blank=True, default=14)
    #: rises with each change of the settings, so that a fetcher knows it has to begin anew
    version = models.PositiveIntegerField(default=1)
    #: UIDVALIDITY of the folder (RFC 9051), and the highest UID that was dealt with
    uidvalidity = models.BigIntegerField(null=True)
    last_uid = models.BigIntegerField(default=0)
    checked_at = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    #: what the server said last, empty while all is well
    error = models.CharField(max_length=500, blank=True, default="")
    #: whether answers of people are put into a folder here after they have left, and into which one;
    #: empty: the one the server marks as that for sent mails
    copy_sent = models.BooleanField(default=False, db_default=False)
    sent_folder = models.CharField(max_length=255, blank=True, default="", db_default="")


class OutgoingServer(Server):
    """The mail server by which answers from a mailbox leave; without one it is that of EMAIL_URL."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="outgoing")


class FetchedMail(models.Model):
    """One mail of a server's folder that was dealt with: it is never taken in again."""

    class Outcome(models.TextChoices):
        STORED = "stored"
        #: too big: its head was stored, the mail itself stays on the server
        LEFT = "left"
        #: it lay there when the mailbox was set up, and was not wanted
        PASSED = "passed"
        #: it vanished between the list and the fetching
        GONE = "gone"
        #: the server could not hand it out and is asked again
        FAILING = "failing"
        #: it never could: somebody has to look
        UNREADABLE = "unreadable"

    server = models.ForeignKey(IncomingServer, models.CASCADE, related_name="fetched")
    folder = models.CharField(max_length=255)
    #: 0 for POP3, whose UIDs are strings (UIDL, RFC 1939)
    uidvalidity = models.BigIntegerField(default=0)
    uid = models.CharField(max_length=100)
    outcome = models.CharField(max_length=10, choices=Outcome)
    size = models.BigIntegerField(default=0)
    tries = models.PositiveIntegerField(default=1)
    error = models.CharField(max_length=500, blank=True, default="")
    item = models.ForeignKey(InboundItem, models.SET_NULL, null=True, related_name="+", db_index=False)
    #: whether it was marked, moved or deleted on its server as the mailbox wants it
    settled = models.BooleanField(default=False)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["server", "folder", "uidvalidity", "uid"], name="fetched_once")
        ]
        indexes = [
            models.Index(fields=["server"], name="fetched_unsettled", condition=Q(settled=False)),
            models.Index(fields=["item"], name="fetched_item"),
        ]

    def __str__(self) -> str:
        return f"{self.folder} {self.uid}: {self.outcome}"


class SentCopy(models.Model):
    """A mail that has left and is to be put into a folder of its mailbox; the row goes when it is there."""

    server = models.ForeignKey(IncomingServer, models.CASCADE, related_name="copies")
    message_id = models.CharField(max_length=300)
    #: as it left; null once the desk has given up
    content = models.BinaryField(null=True)
    tries = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(db_default=Now())
    error = models.CharField(max_length=500, blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["server", "message_id"], name="copied_once")]

    def __str__(self) -> str:
        return f"{self.message_id}: {self.error or 'waiting'}"
