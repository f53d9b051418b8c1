from __future__ import annotations

from dataclasses import dataclass

from deskbell.events.kinds import Happened


@dataclass(frozen=True, kw_only=True)
class PersonAdded(Happened):
    kind = "user.added"
    how: str


@dataclass(frozen=True, kw_only=True)
class PersonChanged(Happened):
    kind = "user.changed"
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class IdentityAdded(Happened):
    kind = "user.identity_added"
    erasable = ("given",)
    identity_kind: str
    verified_how: str
    given: str


@dataclass(frozen=True, kw_only=True)
class IdentityRemoved(Happened):
    kind = "user.identity_removed"
    erasable = ("given",)
    identity_kind: str
    given: str


@dataclass(frozen=True, kw_only=True)
class IdentityVerified(Happened):
    kind = "user.identity_verified"
    identity_id: int
    how: str


@dataclass(frozen=True, kw_only=True)
class IdentityUndeliverable(Happened):
    """Mails to an address come back, or `undeliverable` no more."""

    kind = "user.identity_undeliverable"
    erasable = ("given",)
    given: str
    undeliverable: bool


@dataclass(frozen=True, kw_only=True)
class PasswordSet(Happened):
    kind = "user.password_set"
    how: str


@dataclass(frozen=True, kw_only=True)
class SecondFactorOn(Happened):
    """`replaced`: another one was in use before."""

    kind = "user.second_factor_on"
    replaced: bool


@dataclass(frozen=True, kw_only=True)
class SecondFactorOff(Happened):
    kind = "user.second_factor_off"


@dataclass(frozen=True, kw_only=True)
class PasskeyAdded(Happened):
    kind = "user.passkey_added"
    erasable = ("name",)
    name: str


@dataclass(frozen=True, kw_only=True)
class PasskeyRenamed(Happened):
    kind = "user.passkey_renamed"
    erasable = ("name",)
    name: str


@dataclass(frozen=True, kw_only=True)
class PasskeyRemoved(Happened):
    kind = "user.passkey_removed"
    erasable = ("name",)
    name: str


@dataclass(frozen=True, kw_only=True)
class IdentityProviderAdded(Happened):
    kind = "identityprovider.added"
    name: str


@dataclass(frozen=True, kw_only=True)
class IdentityProviderChanged(Happened):
    kind = "identityprovider.changed"
    name: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class IdentityProviderRemoved(Happened):
    kind = "identityprovider.removed"
    name: str


@dataclass(frozen=True, kw_only=True)
class ProviderLinked(Happened):
    """The person signed in by the provider for the first time."""

    kind = "user.provider_linked"
    provider: str


@dataclass(frozen=True, kw_only=True)
class ProviderUnlinked(Happened):
    kind = "user.provider_unlinked"
    provider: str


@dataclass(frozen=True, kw_only=True)
class ViewingBegun(Happened):
    """Somebody looks at the desk as the person sees it, for so many `minutes` at most."""

    kind = "user.viewing_begun"
    minutes: int


@dataclass(frozen=True, kw_only=True)
class ViewingEnded(Happened):
    """`why`: ended, expired, rights."""

    kind = "user.viewing_ended"
    why: str


@dataclass(frozen=True, kw_only=True)
class SecondFactorReset(Happened):
    """Somebody else took a lost one away."""

    kind = "user.second_factor_reset"


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesMade(Happened):
    kind = "user.recovery_codes_made"


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed(Happened):
    """`left`: how many were not used yet."""

    kind = "user.recovery_code_used"
    left: int


@dataclass(frozen=True, kw_only=True)
class RecoveryLinkMade(Happened):
    kind = "user.recovery_link_made"


@dataclass(frozen=True, kw_only=True)
class Recovered(Happened):
    """By the link: a new password, and no second factor any more."""

    kind = "user.recovered"


@dataclass(frozen=True, kw_only=True)
class Guessed(Happened):
    """Many wrong passwords or codes. `what` is account or address, `target` which one: an e-mail address
    somebody typed (whether or not anybody has it), or a network address. About the company, not a person,
    so that a known account leaves no other trace than an unknown one.
    """

    kind = "signin.guessed"
    erasable = ("target",)
    what: str
    target: str


@dataclass(frozen=True, kw_only=True)
class RightsChanged(Happened):
    kind = "user.rights_changed"
    added: list[str]
    removed: list[str]


@dataclass(frozen=True, kw_only=True)
class RoleAdded(Happened):
    """`copied_from` is the name of the role it began as, or empty."""

    kind = "role.added"
    name: str
    scope: str
    permissions: list[str]
    second_factor: bool
    copied_from: str


@dataclass(frozen=True, kw_only=True)
class RoleChanged(Happened):
    """For everybody who has the role. `name` is the one it had before; `scope`, `after` and `second_factor`
    (what it is now) are set when they changed. `people` have it.
    """

    kind = "role.changed"
    name: str
    after: str | None
    added: list[str]
    removed: list[str]
    scope: str | None
    second_factor: bool | None
    people: int


@dataclass(frozen=True, kw_only=True)
class RoleRemoved(Happened):
    """The `people` who had it have the role named `to` instead; empty when nobody had it."""

    kind = "role.removed"
    name: str
    to: str
    people: int


@dataclass(frozen=True, kw_only=True)
class Deactivated(Happened):
    kind = "user.deactivated"


@dataclass(frozen=True, kw_only=True)
class Reactivated(Happened):
    kind = "user.reactivated"


@dataclass(frozen=True, kw_only=True)
class Anonymised(Happened):
    """Nobody can tell any more who it was. `erased`: store (people.traces) → how much was there."""

    kind = "user.anonymised"
    erased: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Merged(Happened):
    """The person became part of `target_id`. `moved`: column (people.references) → how many rows."""

    kind = "user.merged"
    target_id: int
    moved: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class TookOver(Happened):
    """The person took over everything of `source_id`, who was merged into him."""

    kind = "user.took_over"
    source_id: int


@dataclass(frozen=True, kw_only=True)
class Unmerged(Happened):
    """The person, once part of `target_id`, stands for himself again."""

    kind = "user.unmerged"
    target_id: int


@dataclass(frozen=True, kw_only=True)
class GaveBack(Happened):
    """What the person had taken over of `source_id` is that person's again."""

    kind = "user.gave_back"
    source_id: int


@dataclass(frozen=True, kw_only=True)
class Invited(Happened):
    kind = "invitation.sent"
    erasable = ("email",)
    role: str
    team_id: int | None
    email: str


@dataclass(frozen=True, kw_only=True)
class InvitedAgain(Happened):
    """The same invitation is sent once more and lasts longer."""

    kind = "invitation.sent_again"


@dataclass(frozen=True, kw_only=True)
class InvitationAccepted(Happened):
    kind = "invitation.accepted"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class InvitationWithdrawn(Happened):
    kind = "invitation.withdrawn"


@dataclass(frozen=True, kw_only=True)
class MembershipAsked(Happened):
    """Somebody with an address of its domain would belong to the organisation."""

    kind = "user.membership_asked"
    request_id: int
    organization_id: int


@dataclass(frozen=True, kw_only=True)
class MembershipDecided(Happened):
    kind = "user.membership_decided"
    request_id: int
    organization_id: int
    approved: bool


@dataclass(frozen=True, kw_only=True)
class TokenCreated(Happened):
    kind = "token.created"
    name: str
    read_only: bool


@dataclass(frozen=True, kw_only=True)
class OrganizationAdded(Happened):
    kind = "organization.added"


@dataclass(frozen=True, kw_only=True)
class OrganizationChanged(Happened):
    kind = "organization.changed"
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class CompanyChanged(Happened):
    kind = "company.changed"
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class FirstLinkMade(Happened):
    kind = "firstlink.made"


@dataclass(frozen=True, kw_only=True)
class FirstLinkUsed(Happened):
    kind = "firstlink.used"
    user_id: int


@dataclass(frozen=True, kw_only=True)
class OrganizationRemoved(Happened):
    kind = "organization.removed"
    erasable = ("name",)
    name: str


@dataclass(frozen=True, kw_only=True)
class SiteAdded(Happened):
    """`about` is its organisation, as of all events of a site."""

    kind = "site.added"
    name: str


@dataclass(frozen=True, kw_only=True)
class SiteChanged(Happened):
    kind = "site.changed"
    name: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class SiteRemoved(Happened):
    kind = "site.removed"
    name: str


@dataclass(frozen=True, kw_only=True)
class TeamAdded(Happened):
    kind = "team.added"
    name: str


@dataclass(frozen=True, kw_only=True)
class TeamChanged(Happened):
    """`name` is the one it had before."""

    kind = "team.changed"
    name: str
    fields: list[str]


@dataclass(frozen=True, kw_only=True)
class TeamRemoved(Happened):
    kind = "team.removed"
    name: str


@dataclass(frozen=True, kw_only=True)
class SignedIn(Happened):
    """`strange`: in a browser the person had not used before."""

    kind = "user.signed_in"
    erasable = ("address", "browser", "system")
    device_id: int
    how: str
    where: str
    strange: bool
    address: str
    browser: str
    system: str


@dataclass(frozen=True, kw_only=True)
class SignInFailed(Happened):
    kind = "user.sign_in_failed"
    erasable = ("address", "browser", "system")
    how: str
    address: str
    browser: str
    system: str


@dataclass(frozen=True, kw_only=True)
class SignedOut(Happened):
    kind = "user.signed_out"
    erasable = ("address", "browser", "system")
    device_id: int
    address: str
    browser: str
    system: str


@dataclass(frozen=True, kw_only=True)
class DeviceRevoked(Happened):
    """`why`: revoked, others (one signed out all but one's own), password, closed."""

    kind = "user.device_revoked"
    erasable = ("address", "browser", "system")
    device_id: int
    why: str
    address: str
    browser: str
    system: str


@dataclass(frozen=True, kw_only=True)
class TokenRevoked(Happened):
    kind = "token.revoked"
    name: str


@dataclass(frozen=True, kw_only=True)
class DataExported(Happened):
    """The person fetched all that is kept about him."""

    kind = "user.data_exported"
