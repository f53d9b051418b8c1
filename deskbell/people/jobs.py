from __future__ import annotations

import logging
from datetime import timedelta

from django.utils import timezone
from procrastinate.contrib.django import app

from deskbell.kit.ldap import NoAnswer
from deskbell.people import actions, directories
from deskbell.people.models import Device, Directory, Identity
from deskbell.people.whatsapp import aliases

logger = logging.getLogger(__name__)

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


@app.periodic(cron="17 * * * *")
@app.task(name="people.look_at_directories", queue="slow")
def look_at_directories(timestamp: int) -> None:
    """Each hour: whoever is gone in his directory is signed out, and roles are as it says now."""
    for directory in Directory.objects.filter(active=True).order_by("pk"):
        look_at_directory(directory)


def look_at_directory(directory: Directory) -> None:
    """One that finds nobody at all is set up wrongly, or empty for a while: then nothing is believed."""
    known = directory.links.select_related("user", "directory").filter(user__is_active=True)
    links = [link for link in known if actions.binding_link(link.user) == link]
    try:
        found = directories.look_at_all(directory, [link.subject for link in links]) if links else {}
    except NoAnswer as error:
        logger.warning("directory did not answer", extra={"directory": directory.pk, "said": str(error)})
        return
    if links and not any(found.values()):
        logger.warning("directory knows nobody any more", extra={"directory": directory.pk})
        return
    for link in links:
        actions.refresh_by_directory(link, found[link.subject])


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
