from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from deskbell.people import actions
from deskbell.people.models import Device, Identity

#: how long a browser is known again after its person signed out of it
DEVICES_KEPT = timedelta(days=365)


@app.task(name="people.note_failed_sign_in", queue="default")
def note_failed_sign_in(key: str, address: str, agent: str, how: str = "password") -> None:
    """A wrong password or code for the address `key`: told to its person, if it has one."""
    identity = Identity.objects.select_related("user").filter(kind="email", scope="", key=key).first()
    if identity is not None:
        visit = actions.Visit(address, agent)
        actions.fail_sign_in(identity.user, how=how, visit=visit)


@app.periodic(cron="27 3 * * *")
@app.task(name="people.forget_devices", queue="slow")
def forget_devices(timestamp: int) -> None:
    """Each night: remove devices whose last use is DEVICES_KEPT ago."""
    Device.objects.filter(last_seen_at__lt=timezone.now() - DEVICES_KEPT).delete()


@app.periodic(cron="* * * * *")
@app.task(name="people.gather_lately", queue="default", queueing_lock="people.gather_lately")
def gather_lately(timestamp: int) -> None:
    """What a slow request wrote to somebody who was merged meanwhile follows him."""
    actions.gather_lately(now=timezone.now())


@app.periodic(cron="27 3 * * *")
@app.task(name="people.forget_merges", queue="slow")
def forget_merges(timestamp: int) -> None:
    """Each night: merges that can be undone no more keep nothing of what was moved."""
    actions.forget_merges(now=timezone.now())
