"""The sign-in library's hooks: writes go through people.actions, mails through the outbox."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as current
from django.http import HttpRequest

from deskbell.account import mail
from deskbell.people import actions
from deskbell.people.devices import device_of
from deskbell.people.models import User

#: said by the page itself already
SILENT = frozenset(
    f"account/messages/{name}.txt"
    for name in ("logged_in", "logged_out", "email_confirmation_sent", "email_confirmed", "login_code_sent")
)


class AccountAdapter(DefaultAccountAdapter):
    def set_password(self, user: User, password: str) -> None:
        how = "change" if current.request.user.is_authenticated else "reset"
        actions.set_password(user, password, how=how, by=user, keep=device_of(current.request))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Put the library's mail `account/email/<name>` into the outbox."""
        mail.put(template_prefix.rpartition("/")[2], email, code=context.get("code", ""))

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
