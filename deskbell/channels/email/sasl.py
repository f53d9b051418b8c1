"""The words of a sign-in by a token: XOAUTH2 as Google and Microsoft describe it, OAUTHBEARER (RFC 7628)."""

from __future__ import annotations

from collections.abc import Collection

from deskbell.channels.email.accounts import Account


class Bearer:
    """Called for each challenge. A server that refuses says why in one more, which has to be answered."""

    def __init__(self, account: Account, offered: Collection[str]) -> None:
        only_bearer = "OAUTHBEARER" in offered and "XOAUTH2" not in offered
        self.mechanism = "OAUTHBEARER" if only_bearer else "XOAUTH2"
        auth = f"auth=Bearer {account.token}\x01\x01"
        user = account.username
        if only_bearer:
            name = user.replace("=", "=3D").replace(",", "=2C")
            self.first, self.end = f"n,a={name},\x01{auth}", "\x01"
        else:
            self.first, self.end = f"user={user}\x01{auth}", ""
        self.begun = False
        #: what the server gives as its reason, mostly JSON
        self.reason = ""

    def __call__(self, challenge: bytes | None = None) -> str:
        if not self.begun:
            self.begun = True
            return self.first
        self.reason = (challenge or b"").decode("utf-8", "replace").strip()[:200]
        return self.end
