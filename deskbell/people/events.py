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
class PasswordSet(Happened):
    kind = "user.password_set"
    how: str


@dataclass(frozen=True, kw_only=True)
class RightsChanged(Happened):
    kind = "user.rights_changed"
    added: list[str]
    removed: list[str]


@dataclass(frozen=True, kw_only=True)
class Deactivated(Happened):
    kind = "user.deactivated"


@dataclass(frozen=True, kw_only=True)
class Reactivated(Happened):
    kind = "user.reactivated"


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
