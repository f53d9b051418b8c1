"""Passwords that a directory checks: on the same form as the desk's own, with the same answers and limits."""

from __future__ import annotations

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from deskbell.account import guessing
from deskbell.kit import limits
from deskbell.kit.ldap import NoAnswer
from deskbell.people import actions, directories
from deskbell.people.models import Directory, User


def asked() -> list[Directory]:
    """Those that check passwords, in the order in which they are asked."""
    return list(Directory.objects.filter(active=True).order_by("name", "pk"))


class Backend(AuthenticationBackend):
    """The desk's own passwords first, for they count when a directory is down; then the directories'."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> User | None:
        """Raises ValidationError where the password is right and its person is not let in; PermissionDenied
        where it is wrong, so that no other backend is asked.
        """
        user = super().authenticate(request, **credentials)
        if user is not None and actions.binding_link(user) is None:
            return user
        if request is not None:
            user = _by_directories(request, credentials.get("email", ""), credentials.get("password") or "")
        if request is None or user is None:
            raise PermissionDenied
        return user


def _by_directories(request: HttpRequest, login: str, password: str) -> User | None:
    """Each is asked until one says yes, whoever it may be."""
    for directory in asked():
        share = _Share(request, directory, login)
        try:
            found = directories.check(directory, login, password, may_try=share)
        except NoAnswer:
            request.silent_directory = directory.name  # type: ignore[attr-defined]
            continue
        if found is not None:
            share.give_back()
            return _enter(request, directory, found)
    return None


class _Share:
    """How often an entry may be tried, by whatever name of his somebody is written: the limit of the form
    counts by what was typed. Beyond it the answer is that to a wrong password, for only somebody who is known
    can be written in two ways.
    """

    def __init__(self, request: HttpRequest, directory: Directory, login: str) -> None:
        self._request, self._directory, self._login = request, directory, login
        self._used: Any = None

    def __call__(self, subject: str) -> bool:
        key = f"{self._directory.pk}:{subject or self._login.casefold()}"
        self._used = limits.DIRECTORY.count(self._request, key=key)
        return self._used is not None

    def give_back(self) -> None:
        if self._used is not None:
            self._used.rollback()


def _enter(request: HttpRequest, directory: Directory, found: directories.Found) -> User:
    try:
        user = actions.enter_by_directory(directory, found)
    except actions.NotLetIn as refused:
        raise ValidationError(_why(directory, refused.reason), code="not_let_in") from refused
    request.signed_in_by = "directory"  # type: ignore[attr-defined]
    return user


def _why(directory: Directory, reason: str) -> str:
    """To somebody whose password was right."""
    if reason == "unverified":
        said = _("“%(name)s” knows no e-mail address of yours, so we cannot know who you are here.")
    elif reason == "unknown":
        said = _("“%(name)s” knows you, but nobody here has your e-mail address. Ask for an invitation.")
    elif reason == "staff":
        said = _("“%(name)s” knows you, but people who work here sign in another way.")
    else:
        said = _("“%(name)s” knows you, but is for people who work here. Sign in another way.")
    return said % {"name": directory.name}


def is_right_again(request: HttpRequest, user: User, password: str) -> bool | None:
    """Whether it is the password of somebody whose directory checks it; None for all others. Raises
    ValidationError where it was tried too often, or cannot be checked.
    """
    link = actions.binding_link(user)
    if link is None:
        return None
    used = limits.DIRECTORY.count(request, key=f"{link.directory_id}:{link.subject}")
    if used is None:
        raise ValidationError(guessing.too_often(), code="too_many_login_attempts")
    try:
        right = directories.check_again(link.directory, link.subject, password)
    except NoAnswer:
        used.rollback()
        text = _("“%(name)s”, which keeps your password, does not answer. Try again in a minute.")
        raise ValidationError(text % {"name": link.directory.name}, code="silent") from None
    if right:
        used.rollback()
    return right


def unwelcome(request: HttpRequest, user: User) -> HttpResponse | None:
    """Who signs in another way although a directory knows him: his roles are looked up there, too, and when
    it knows him no more he stays out. While it is silent it counts what it said last.
    """
    link = actions.binding_link(user)
    if link is None or getattr(request, "signed_in_by", "") == "directory":
        return None
    try:
        stays = actions.refresh_by_directory(link, directories.look_again(link.directory, link.subject))
    except NoAnswer:
        stays = link.gone_at is None
    if stays:
        return None
    text = _("You are not signed in: “%(name)s” does not know you any more.")
    messages.error(request, text % {"name": link.directory.name})
    return redirect("account_login")


def keeper_of(user: User) -> str:
    """The name of the directory that keeps the person's password; empty where the desk does."""
    link = actions.binding_link(user) if user.pk else None
    return link.directory.name if link else ""
