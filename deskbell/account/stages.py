"""A step of signing in that is ours."""

from __future__ import annotations

from typing import Any

from allauth.account.stages import LoginStage
from allauth.mfa.internal.flows import trust
from django.shortcuts import redirect

from deskbell.people import second_factor


class SecondFactorStage(LoginStage):
    """Ask for a second factor, unless the browser is remembered or a passkey was both."""

    key = "second_factor"
    urlname = "mfa_authenticate"

    def handle(self) -> tuple[Any, bool]:
        user = self.login.user
        if user is None or getattr(self.request, "signed_in_by", "") == "passkey":
            return None, True
        if not second_factor.has(user) or trust.is_trusted_browser(self.request, user):
            return None, True
        return redirect(self.urlname), True
