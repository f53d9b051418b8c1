"""The pages of "My account", in the order of its menu. An area's further page is one more `Item` here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from deskbell.account import numbers
from deskbell.people.models import User

Words = str | Promise


def everybody(user: User) -> bool:
    return True


@dataclass(frozen=True)
class Item:
    """`key` is what a page names in its block `current`, `route` the name of its address."""

    key: str
    title: Words
    route: str
    icon: str
    shown: Callable[[User], bool] = everybody


MENU = (
    Item("profile", _("Profile"), "account_profile", "user"),
    Item("notifications", _("Notifications"), "account_notifications", "bell"),
    Item("devices", _("Devices"), "account_devices", "monitor"),
    Item("tokens", _("Tokens"), "account_tokens", "braces"),
    Item("password", _("Password"), "account_change_password", "key-round"),
    Item("second-factor", _("Second factor"), "mfa_index", "shield-check"),
    Item("numbers", _("WhatsApp"), "account_numbers", "message-circle", shown=numbers.has_page),
    Item("mine", _("My data"), "account_mine", "download"),
)


def menu_of(request: HttpRequest) -> tuple[Item, ...]:
    """The items the signed-in person may open; nothing for somebody signed out."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return ()
    return tuple(item for item in MENU if item.shown(user))
