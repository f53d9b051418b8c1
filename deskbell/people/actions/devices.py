"""Signing in and out: one `Device` per session, and an event for each that ends or begins."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from deskbell.events.actor import SYSTEM, Actor
from deskbell.events.publish import publish
from deskbell.people import events, permissions
from deskbell.people.actions.guard import may_touch, require
from deskbell.people.browsers import browser_and_system
from deskbell.people.models import Device, User


@dataclass(frozen=True)
class Visit:
    """From where a request comes: its address, what the browser says it is, and its own mark (a cookie)."""

    address: str = ""
    agent: str = ""
    mark: str = ""

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.mark.encode()).hexdigest() if self.mark else ""


@transaction.atomic
def sign_in(
    user: User,
    *,
    session_key: str,
    visit: Visit,
    how: str,
    where: str,
    trusted_until: datetime | None = None,
) -> tuple[Device, bool]:
    """Note that `user` signed in, and whether in a browser that is new to him although he has others."""
    others = Device.objects.filter(user=user)
    strange = others.exists() and not (visit.digest and others.filter(mark=visit.digest).exists())
    browser, system = browser_and_system(visit.agent)
    Device.objects.filter(session_key=session_key).update(session_key=None, ended_at=timezone.now())
    device = Device.objects.create(
        user=user,
        session_key=session_key,
        mark=visit.digest,
        browser=browser,
        system=system,
        address=visit.address,
        how=how,
        where=where,
        trusted_until=trusted_until,
    )
    happened = events.SignedIn(
        device_id=device.pk,
        how=how,
        where=where,
        strange=strange,
        address=visit.address,
        browser=device.browser,
        system=device.system,
    )
    publish(happened, about=user, by=user)
    return device, strange


@transaction.atomic
def sign_out(device: Device, *, by: User) -> None:
    """The person leaves by himself. Twice does nothing."""
    if _end(device):
        happened = events.SignedOut(
            device_id=device.pk, address=device.address, browser=device.browser, system=device.system
        )
        publish(happened, about=device.user, by=by)


@transaction.atomic
def revoke_device(device: Device, *, by: User) -> None:
    """Sign a device out from elsewhere: one's own, or another's by who may close his account.

    It is out with its next request. Raises NotAllowed.
    """
    _may_revoke(device.user, by)
    _revoke(device, by, "revoked")


@transaction.atomic
def revoke_devices(user: User, *, by: Actor | User = SYSTEM, why: str, keep: int | None = None) -> int:
    """Sign out every device of `user` but the one numbered `keep`; how many those were. Raises NotAllowed."""
    if isinstance(by, User):
        _may_revoke(user, by)
    devices = Device.objects.filter(user=user, ended_at=None).exclude(pk=keep or 0)
    return sum(_revoke(device, by, why) for device in devices.order_by("pk"))


def _may_revoke(user: User, by: User) -> None:
    if by != user:
        require(by, permissions.PEOPLE_INVITE)
        may_touch(user, by)


def _revoke(device: Device, by: Actor | User, why: str) -> bool:
    ended = _end(device)
    if ended:
        happened = events.DeviceRevoked(
            device_id=device.pk, why=why, address=device.address, browser=device.browser, system=device.system
        )
        publish(happened, about=device.user, by=by)
    return ended


def _end(device: Device) -> bool:
    """Throw the session away: whoever comes with its cookie is a stranger. False when it had ended before."""
    row = Device.objects.select_for_update().get(pk=device.pk)
    if row.ended_at is not None:
        return False
    if row.session_key:
        import_module(settings.SESSION_ENGINE).SessionStore().delete(row.session_key)
    row.session_key, row.ended_at = None, timezone.now()
    row.save(update_fields=["session_key", "ended_at"])
    return True


def see_device(pk: int, *, address: str) -> None:
    """The device was used just now."""
    Device.objects.filter(pk=pk, ended_at=None).update(last_seen_at=timezone.now(), address=address)


def move_device(pk: int, *, session_key: str) -> None:
    """Its session has another key now, as after a change of the password."""
    Device.objects.filter(pk=pk, ended_at=None).update(session_key=session_key)


@transaction.atomic
def fail_sign_in(user: User, *, how: str, visit: Visit) -> None:
    """Somebody tried to be `user` and was not let in."""
    browser, system = browser_and_system(visit.agent)
    happened = events.SignInFailed(how=how, address=visit.address, browser=browser, system=system)
    publish(happened, about=user, by=SYSTEM)
