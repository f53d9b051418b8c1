"""What an action of people may refuse."""

from __future__ import annotations

from deskbell.people.models import Role


class NotAllowed(Exception):
    """The person may not do this."""


class AddressTaken(Exception):
    """Another person has this address."""


class InvitationGone(Exception):
    """The invitation was used, withdrawn or is too old; `reason` is one of those words."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RegistrationClosed(Exception):
    """Who has this address may not sign up by himself."""


class FirstLinkGone(Exception):
    """The link was never made, was used, is too old, or somebody runs this desk already."""


class SignInAddress(Exception):
    """The person signs in with this address and has no other verified one."""


class LastOwner(Exception):
    """A desk keeps at least one owner who can sign in."""


class WrongCode(Exception):
    """The code is not the one asked for, or was used before."""


class SecondFactorNeeded(Exception):
    """A role of the person asks for a second factor."""


class TooManyPasskeys(Exception):
    """The person has as many as one may have."""


class ProviderNameTaken(Exception):
    """Another identity provider has this name."""


class NotLetIn(Exception):
    """Why an identity provider lets somebody not in: unverified (address), unknown, staff, customer."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RecoveryLinkGone(Exception):
    """The link was never made, was used, is too old, or the account is closed."""


class OwnerEverywhere(Exception):
    """An owner owns the whole desk, not a team's part of it."""


class RoleChangedSince(Exception):
    """Somebody else changed the role after the form was opened; `role` is how it is now."""

    def __init__(self, role: Role) -> None:
        super().__init__(role.name)
        self.role = role


class RoleFixed(Exception):
    """The owner's role stays as it is, and the customers' roles keep their scope and stay."""


class RoleInUse(Exception):
    """People or open invitations have the role: say which one they get instead."""


class RoleGone(Exception):
    """The role, or the team, was removed a moment ago."""


class RoleNameTaken(Exception):
    """Another role has this name."""


class NotInvitable(Exception):
    """Why a customer manager may not invite this address: domain, here, invited, many."""


class NotMergeable(Exception):
    """Why two people are not merged, or not parted: a key of people.refusals.NOT_MERGEABLE."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TooLateToUndo(Exception):
    """What undoing a merge takes is gone."""
