from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class ChannelAdded(Happened):
    kind = "channel.added"
    channel_kind: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Decided(Happened):
    """What became of an inbound item; `about` is the item."""

    kind = "inbound.decided"
    state: str
    reason: str
    ticket_id: int | None


@dataclass(frozen=True, kw_only=True)
class Replayed(Happened):
    """A quarantined item was sent through intake again."""

    kind = "inbound.replayed"


@dataclass(frozen=True, kw_only=True)
class ChannelChanged(Happened):
    """`fields` are names of what changed; `incoming` and `outgoing` stand for a whole server."""

    kind = "channel.changed"
    name: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class ChannelSwitched(Happened):
    kind = "channel.switched"
    name: str
    on: bool


@dataclass(frozen=True, kw_only=True)
class ChannelRemoved(Happened):
    kind = "channel.removed"
    name: str
    address: str


@dataclass(frozen=True, kw_only=True)
class SenderListed(Happened):
    """An address or a domain is blocked or always welcome; `list` says which."""

    kind = "sender.listed"
    erasable = ("given",)
    given: str
    list: str


@dataclass(frozen=True, kw_only=True)
class SenderUnlisted(Happened):
    kind = "sender.unlisted"
    erasable = ("given",)
    given: str
    list: str


@dataclass(frozen=True, kw_only=True)
class ChannelSignedIn(Happened):
    """Somebody signed in at the mailbox's provider for it."""

    kind = "channel.signed_in"
    name: str


@dataclass(frozen=True, kw_only=True)
class ChannelSignInNeeded(Happened):
    """The provider takes the mailbox's sign-in no more; `said` are its words."""

    kind = "channel.sign_in_needed"
    name: str
    said: str


@dataclass(frozen=True, kw_only=True)
class ProviderAdded(Happened):
    """Of sign-ins; `about` is the provider."""

    kind = "signinprovider.added"
    name: str


@dataclass(frozen=True, kw_only=True)
class ProviderChanged(Happened):
    """`fields` are names of what changed."""

    kind = "signinprovider.changed"
    name: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class ProviderRemoved(Happened):
    kind = "signinprovider.removed"
    name: str


@dataclass(frozen=True, kw_only=True)
class FetchedAgain(Happened):
    """A mail that the server could not hand out is asked for once more."""

    kind = "channel.fetched_again"
    name: str


@dataclass(frozen=True, kw_only=True)
class ChannelSubscribed(Happened):
    """The webhooks of its WhatsApp account come to our app."""

    kind = "channel.subscribed"
    name: str


@dataclass(frozen=True, kw_only=True)
class ChannelTold(Happened):
    """The other side said by itself how a number is; `said` is an English sentence."""

    kind = "channel.told"
    name: str
    said: str


@dataclass(frozen=True, kw_only=True)
class ChatLinkMade(Happened):
    """About a person, who made a link by which his chat will be known to be his."""

    kind = "user.chat_link_made"


@dataclass(frozen=True, kw_only=True)
class ConsentChanged(Happened):
    """About a person: whether he wants notices, or marketing, in a chat; `source` says how it is known."""

    kind = "user.consent_changed"
    purpose: str
    given: bool
    source: str


@dataclass(frozen=True, kw_only=True)
class LinkChanged(Happened):
    """A linked device (WhatsApp Web) is in another state; both are those of gateway.protocol."""

    kind = "channel.link_changed"
    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True)
class RiskAccepted(Happened):
    """An administrator took it upon the company that WhatsApp may block the number."""

    kind = "channel.risk_accepted"
    name: str


@dataclass(frozen=True, kw_only=True)
class SendingRestricted(Happened):
    """WhatsApp lets nothing leave by the number until then."""

    kind = "channel.sending_restricted"
    name: str
    code: str
    until: str


@dataclass(frozen=True, kw_only=True)
class SendingPaused(Happened):
    """An administrator stopped what leaves by the number, or let it go on."""

    kind = "channel.sending_paused"
    name: str
    paused: bool


@dataclass(frozen=True, kw_only=True)
class SameTextStopped(Happened):
    """The same text was to go to more people than is safe for the number."""

    kind = "channel.same_text_stopped"
    name: str
    people: int


@dataclass(frozen=True, kw_only=True)
class TemplateSubmitted(Happened):
    """A built-in template was handed to WhatsApp for approval; `about` is the number's channel."""

    kind = "channel.template_submitted"
    name: str
    template: str
    language: str
