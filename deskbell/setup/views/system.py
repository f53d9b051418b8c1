from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from deskbell.channels import queries as channels
from deskbell.outbox import queries as outbox
from deskbell.people import permissions
from deskbell.setup import system as state
from deskbell.setup.access import Request, permitted
from deskbell.setup.ledgers import RECEIVED, SENT
from deskbell.setup.pages import show


@require_safe
@permitted(permissions.SETUP)
def system(request: Request) -> HttpResponse:
    """How the installation stands, and what to do about it."""
    context = {
        "findings": state.findings(),
        "version": state.version(),
        "database": state.database(),
        "disk": state.disk(),
        "jobs": state.jobs(),
        "silent_since": timezone.now() - timedelta(seconds=max(60, settings.STALLED_AFTER)),
        "received": channels.totals(),
        "received_states": RECEIVED,
        "sent": outbox.totals(),
        "sent_states": SENT,
        "backup": state.last_backup(),
    }
    return show(request, "system.html", context)
