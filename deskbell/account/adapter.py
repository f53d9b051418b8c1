"""The sign-in library's hooks: writes go through people.actions, mails through the outbox."""

from __future__ import annotations

import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context as current
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.translation import gettext as _

from deskbell.account import directory, guessing
from deskbell.account.single_sign_on import address_after_sign_out
from deskbell.kit import limits
from deskbell.kit.secrets import seal, unseal
from deskbell.people import actions
from deskbell.people.devices import device_of
from deskbell.people.models import User
from deskbell.people.queries import company

#: said by the page itself already
SILENT = frozenset(
    f"account/messages/{name}.txt"
    for name in ("logged_in", "logged_out", "email_confirmation_sent", "email_confirmed", "login_code_sent")
)


#: as the library counts it, from settings
PASSWORDS = limits.Limit("login_failed", settings.ACCOUNT_RATE_LIMITS["login_failed"], app="allauth.account")


class AccountAdapter(DefaultAccountAdapter):
    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Raises ValidationError where passwords were tried too often, and has it reported."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            guessing.report(request, PASSWORDS, account=credentials.get("email", ""))
            raise ValidationError(guessing.too_often(), code=error.code) from error

    def reauthenticate(self, user: User, password: str) -> bool:
        right = directory.is_right_again(current.request, user, password)
        return bool(super().reauthenticate(user, password)) if right is None else right

    def pre_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse | None:
        refused: HttpResponse | None = super().pre_login(request, user, **more)
        return refused or directory.unwelcome(request, user)

    def clean_password(self, password: str, user: User | None = None) -> str:
        """Raises ValidationError, also where a password here would count for nothing."""
        if user is not None and (keeper := directory.keeper_of(user)):
            text = _("“%(name)s” keeps this password. Change it there.")
            raise ValidationError(text % {"name": keeper}, code="kept_elsewhere")
        return str(super().clean_password(password, user=user))

    def set_password(self, user: User, password: str) -> None:
        how = "change" if current.request.user.is_authenticated else "reset"
        actions.set_password(user, password, how=how, by=user, keep=device_of(current.request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Ask for the library's mail `account/email/<name>`."""
        from deskbell.account import jobs  # app-ready: the job application exists only after set-up

        asked = {
            "name": template_prefix.rpartition("/")[2],
            "recipient": email,
            "code": context.get("code", ""),
            "language": translation.get_language(),
        }
        jobs.mail.defer(sealed=seal(asked).decode())

    def generate_phone_verification_code(self, *, user: User, phone: str) -> str:
        return self.generate_login_code()

    def send_verification_code_sms(self, user: User, phone: str, code: str, **kwargs: Any) -> None:
        """The library's text message goes by WhatsApp."""
        self._ask_for_code(phone, code, user.pk)

    def send_unknown_account_sms(self, phone: str, **kwargs: Any) -> None:
        """Asks for one that nobody is sent: the page does the same for every number."""
        self._ask_for_code(phone, "", 0)

    def _ask_for_code(self, phone: str, code: str, person_id: int) -> None:
        from deskbell.account import jobs  # app-ready: the job application exists only after set-up

        asked = {"phone": phone, "code": code, "person": person_id, "language": translation.get_language()}
        jobs.whatsapp_code.defer(sealed=seal(asked).decode())

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        return address_after_sign_out(request) or super().get_logout_redirect_url(request)

    def get_login_stages(self) -> list[str]:
        """The library's own stage for a second factor would need a package for passkeys."""
        return [
            "allauth.account.stages.LoginByCodeStage",
            "allauth.account.stages.EmailVerificationStage",
            "deskbell.account.stages.SecondFactorStage",
        ]

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Whoever signed in a moment ago has just shown who he is."""
        records = get_authentication_records(current.request, current.request.user)
        if any(time.time() - each["at"] < app_settings.REAUTHENTICATION_TIMEOUT for each in records):
            return False
        return bool(super().is_reauthentication_required(app=app, **kwargs))


class SecondFactorAdapter(DefaultMFAAdapter):
    def encrypt(self, text: str) -> str:
        return seal(text).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return str(unseal(encrypted_text.encode()))

    def get_totp_label(self, user: User) -> str:
        return user.email or user.display_name

    def get_totp_issuer(self) -> str:
        return company().name
