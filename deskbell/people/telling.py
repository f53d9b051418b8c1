"""Sign-ins in words: for the person himself, on the person's page of the setup, and in the audit trail."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deskbell.events.models import Event, EventDetail
from deskbell.people.events import DeviceRevoked, SignedIn, SignedOut, SignInFailed
from deskbell.people.models import Device

WAYS: dict[str, str | Promise] = {
    "password": gettext_lazy("signed in with the password"),
    "code": gettext_lazy("signed in with a code"),
    "sign_up": gettext_lazy("made the account and signed in"),
    "invitation": gettext_lazy("accepted the invitation and signed in"),
    "first_link": gettext_lazy("signed in as the first administrator"),
    "mfa": gettext_lazy("signed in with a second factor"),
    "provider": gettext_lazy("signed in by single sign-on"),
    "passkey": gettext_lazy("signed in with a passkey"),
}
#: what was wrong when somebody was not let in
WRONG: dict[str, str | Promise] = {
    "password": gettext_lazy("was not let in: wrong password"),
    "code": gettext_lazy("was not let in: wrong code from the mail"),
    "reset": gettext_lazy("was not let in: wrong code for a new password"),
    "sign_up": gettext_lazy("was not let in: wrong code when signing up"),
    "totp": gettext_lazy("was not let in: wrong code of the second factor"),
    "recovery_code": gettext_lazy("was not let in: wrong recovery code"),
    "passkey": gettext_lazy("was not let in: wrong passkey"),
}
REASONS: dict[str, str | Promise] = {
    "revoked": gettext_lazy("signed the device out"),
    "others": gettext_lazy("signed the device out, with all others"),
    "password": gettext_lazy("signed the device out: the password was changed"),
    "closed": gettext_lazy("signed the device out: the account was closed"),
    "merged": gettext_lazy("signed the device out: the person was merged into another"),
}
ICONS = {SignedIn.kind: "log-in", SignInFailed.kind: "shield-alert", SignedOut.kind: "log-out"}


@dataclass(frozen=True)
class SignInLine:
    """`browser` and `address` are empty once they were erased."""

    event: Event
    what: str
    browser: str
    address: str

    @property
    def icon(self) -> str:
        return ICONS.get(self.event.kind, "log-out")

    @property
    def failed(self) -> bool:
        return self.event.kind == SignInFailed.kind

    @property
    def strange(self) -> bool:
        return bool(self.event.data.get("strange"))

    @property
    def sentence(self) -> str:
        """With browser and address, as the audit trail has it."""
        where = ", ".join(part for part in (self.browser, self.address) if part)
        return f"{self.what} ({where})" if where else self.what


def sign_in_line(event: Event) -> SignInLine:
    """`event` is one of `devices.HISTORY`, read with its detail."""
    try:
        private = event.detail.values
    except EventDetail.DoesNotExist:
        private = {}
    device = Device(browser=private.get("browser", ""), system=private.get("system", ""))
    browser = device.words if private else ""
    return SignInLine(event, _what(event), browser, private.get("address", ""))


def _what(event: Event) -> str:
    if event.kind == SignedIn.kind:
        if event.data["where"] == "field":
            return _("%(signed_in)s on the phone page") % {"signed_in": _way(event.data["how"])}
        return _way(event.data["how"])
    if event.kind == SignInFailed.kind:
        return str(WRONG.get(event.data["how"], _("was not let in")))
    if event.kind == DeviceRevoked.kind:
        return str(REASONS.get(event.data["why"], REASONS["revoked"]))
    return _("signed out")


def _way(how: str) -> str:
    return str(WAYS.get(how, _("signed in")))
