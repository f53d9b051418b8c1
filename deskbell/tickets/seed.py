"""Statuses, queues and types of a new desk."""

from __future__ import annotations

from typing import Any

from deskbell.tickets.models import Queue, Status, TicketType

#: slug, label, category, default of its category
STATUSES = (
    ("new", "New", "new", True),
    ("open", "Open", "open", True),
    ("in-progress", "In progress", "open", False),
    ("reopened", "Reopened", "open", False),
    ("visit-planned", "Visit planned", "scheduled", True),
    ("on-site", "Engineer on site", "scheduled", False),
    ("waiting-for-customer", "Waiting for customer", "pending", True),
    ("waiting-for-third-party", "Waiting for third party", "on_hold", True),
    ("waiting-for-parts", "Waiting for parts", "on_hold", False),
    ("resolved", "Resolved", "resolved", True),
    ("closed", "Closed", "closed", True),
    ("cancelled", "Cancelled", "closed", False),
    ("duplicate", "Duplicate", "closed", False),
)
QUEUES = (("support", "Support"), ("hardware", "Hardware"), ("network", "Network"), ("billing", "Billing"))
TYPES = (
    ("incident", "Incident"),
    ("service-request", "Service request"),
    ("question", "Question"),
    ("problem", "Problem"),
    ("task", "Task"),
    ("preventive-maintenance", "Preventive maintenance"),
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
