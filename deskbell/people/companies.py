"""The company of this desk, read cheaply (docs/decisions/0008): kept in the process for a second."""

from __future__ import annotations

import logging
import time

from django.conf import settings
from django.db import DatabaseError

from deskbell.people.models import Company

log = logging.getLogger(__name__)

#: seconds for which a process may show the values of a moment ago
KEPT_SECONDS = 1.0
#: when it was read, and the row if there is one
_kept: tuple[float, Company | None] | None = None


def company() -> Company:
    """The company as stored, or of the first values in the settings. Never saved by whom it is given to.

    A page that tells of a broken database needs a name as well: then the last values known are given.
    """
    return _stored() or first_values()


def _stored() -> Company | None:
    global _kept
    if _kept is not None and time.monotonic() - _kept[0] < KEPT_SECONDS:
        return _kept[1]
    try:
        row = Company.objects.first()
    except DatabaseError:
        log.warning("company not read: the database does not answer")
        row = _kept[1] if _kept else None
    _kept = time.monotonic(), row
    return row


def first_values() -> Company:
    """What the environment says, until somebody stores something; not saved."""
    return Company(
        name=settings.COMPANY_NAME,
        support_address=settings.SUPPORT_ADDRESS,
        language=settings.LANGUAGE_CODE,
        time_zone=settings.TIME_ZONE,
    )


def forget() -> None:
    """Read anew: the row was changed."""
    global _kept
    _kept = None
