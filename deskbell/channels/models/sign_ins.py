from __future__ import annotations

from django.db import models

from deskbell.channels.models.channel import Channel


class SignInProvider(models.Model):
    """Who gives out the tokens by which mailboxes sign in (OAuth 2.0), and how the desk is known there."""

    class Kind(models.TextChoices):
        MICROSOFT = "microsoft"
        GOOGLE = "google"
        #: any other, by its addresses
        OTHER = "other"

    class Flow(models.TextChoices):
        #: somebody signs in for each mailbox (RFC 6749 section 4.1)
        PERSON = "person"
        #: the desk itself may open mailboxes (section 4.4)
        APPLICATION = "application"

    name = models.CharField(max_length=100, unique=True)
    kind = models.CharField(max_length=10, choices=Kind)
    flow = models.CharField(max_length=12, choices=Flow, default=Flow.PERSON)
    #: Microsoft alone: the directory, by id or domain
    tenant = models.CharField(max_length=200, blank=True, default="")
    client_id = models.CharField(max_length=300)
    #: encrypted JSON string
    client_secret = models.BinaryField(null=True)
    secret_expires_on = models.DateField(null=True)
    #: of `other` alone: the rest have theirs in email/providers.py
    authorize_url = models.CharField(max_length=500, blank=True, default="")
    token_url = models.CharField(max_length=500, blank=True, default="")
    scopes = models.CharField(max_length=500, blank=True, default="")
    #: mail servers that may be shown a token, with those below them
    mail_hosts = models.CharField(max_length=500, blank=True, default="")

    def __str__(self) -> str:
        return self.name


class MailboxSignIn(models.Model):
    """By what a mailbox signs in. Locked before its channel, and while a token is fetched."""

    channel = models.OneToOneField(Channel, models.CASCADE, related_name="sign_in")
    provider = models.ForeignKey(SignInProvider, models.PROTECT, related_name="sign_ins")
    #: encrypted JSON strings
    refresh_token = models.BinaryField(null=True)
    access_token = models.BinaryField(null=True)
    expires_at = models.DateTimeField(null=True)
    signed_in_at = models.DateTimeField(null=True)
    #: since when somebody has to sign in; null while the desk has what it needs
    needed_since = models.DateTimeField(null=True)
    #: what the provider said last, empty while all is well
    error = models.CharField(max_length=500, blank=True, default="")
    failures = models.PositiveIntegerField(default=0)
    #: until then the provider is not asked again
    retry_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.channel_id} by {self.provider_id}"
