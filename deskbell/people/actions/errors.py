"""What an action of people may refuse."""

from __future__ import annotations


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


class RecoveryLinkGone(Exception):
    """The link was never made, was used, is too old, or the account is closed."""
