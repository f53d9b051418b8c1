"""Statuses, queues and types of a new desk. Stored in English, shown in the reader's language."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_noop as _

from deskbell.tickets.models import Queue, Status, TicketType

#: slug, label, category, default of its category
STATUSES = (
    ("new", _("New"), "new", True),
    ("open", _("Open"), "open", True),
    ("in-progress", _("In progress"), "open", False),
    ("reopened", _("Reopened"), "open", False),
    ("visit-planned", _("Visit planned"), "scheduled", True),
    ("on-site", _("Engineer on site"), "scheduled", False),
    ("waiting-for-customer", _("Waiting for customer"), "pending", True),
    ("waiting-for-third-party", _("Waiting for third party"), "on_hold", True),
    ("waiting-for-parts", _("Waiting for parts"), "on_hold", False),
    ("resolved", _("Resolved"), "resolved", True),
    ("closed", _("Closed"), "closed", True),
    ("cancelled", _("Cancelled"), "closed", False),
    ("duplicate", _("Duplicate"), "closed", False),
)
QUEUES = (
    ("support", _("Support")),
    ("hardware", _("Hardware")),
    ("network", _("Network")),
    ("billing", _("Billing")),
)
TYPES = (
    ("incident", _("Incident")),
    ("service-request", _("Service request")),
    ("question", _("Question")),
    ("problem", _("Problem")),
    ("task", _("Task")),
    ("preventive-maintenance", _("Preventive maintenance")),
)


def ensure(**_signal: Any) -> None:
    """Make them where there are none yet; what an administrator shaped later is left alone."""
    if not Status.objects.exists():
        Status.objects.bulk_create(
            Status(slug=slug, label=label, category=category, default=default, position=position)
            for position, (slug, label, category, default) in enumerate(STATUSES)
        )
    if not Queue.objects.exists():
        Queue.objects.bulk_create(
            Queue(slug=slug, name=name, position=position) for position, (slug, name) in enumerate(QUEUES)
        )
    if not TicketType.objects.exists():
        TicketType.objects.bulk_create(
            TicketType(slug=slug, name=name, position=position) for position, (slug, name) in enumerate(TYPES)
        )
