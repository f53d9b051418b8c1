from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from deskbell.people import actions
from deskbell.people.models import Device, Identity
from deskbell.people.whatsapp import aliases

#: how long a browser is known again after its person signed out of it
DEVICES_KEPT = timedelta(days=365)


@app.task(name="people.note_failed_sign_in", queue="default")
def note_failed_sign_in(
    key: str, address: str, agent: str, how: str = "password", kind: str = "email"
) -> None:
    """A wrong password or code for the address or number `key`: told to its person, if it has one."""
    rows = Identity.objects.select_related("user").filter(kind=kind, scope="")
    if kind == Identity.Kind.WA_ID:
        rows = rows.filter(proven_at__isnull=False, key__in=[key, *aliases(key)])
    else:
        rows = rows.filter(key=key)
    identity = rows.first()
    if identity is not None:
        visit = actions.Visit(address, agent)
        actions.fail_sign_in(identity.user, how=how, visit=visit)


@app.periodic(cron="27 3 * * *")
@app.task(name="people.forget_devices", queue="slow")
def forget_devices(timestamp: int) -> None:
    """Each night: remove devices whose last use is DEVICES_KEPT ago."""
    Device.objects.filter(last_seen_at__lt=timezone.now() - DEVICES_KEPT).delete()
