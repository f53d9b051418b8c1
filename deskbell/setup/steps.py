"""The first steps of a new desk. Each is done when the data says so; only leaving one out is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from deskbell.channels.email.driver import mail_goes_to_files
from deskbell.events.models import Event
from deskbell.outbox.models import OutboxItem
from deskbell.people import permissions
from deskbell.people.models import Invitation
from deskbell.people.queries import company, staff
from deskbell.tickets.models import Queue, Ticket
from deskbell.tickets.seed import QUEUES

TOOK_IT = ("sent", "delivered", "read")


@dataclass(frozen=True)
class Step:
    slug: str
    done: bool
    skipped: bool

    @property
    def open(self) -> bool:
        return not (self.done or self.skipped)


def steps() -> list[Step]:
    """All of them, in the order in which they are best taken."""
    skipped = set(company().skipped_steps)
    return [Step(slug, DONE[slug](), slug in skipped) for slug in DONE]


def any_left() -> bool:
    """Whether one waits. Asks no further than the first that does, and nothing where all were left out."""
    skipped = set(company().skipped_steps)
    return any(not DONE[slug]() for slug in DONE if slug not in skipped)


def test_mail() -> OutboxItem | None:
    """The latest test mail by the present way and from the present address."""
    way = "files" if mail_goes_to_files() else "smtp"
    sent = OutboxItem.objects.filter(cause_kind="test_mail", kind=f"test_mail.{way}").defer("payload")
    changed = Event.objects.filter(
        kind="company.changed", about_kind="company", data__fields__contains=["support_address"]
    )
    last = changed.order_by("-pk").values_list("at", flat=True).first()
    return (sent.filter(created_at__gte=last) if last else sent).order_by("-pk").first()


def _named() -> bool:
    return company().name != settings.FACTORY_NAME


def _sends() -> bool:
    """A mail server took the test mail. A file is no proof."""
    if company().support_address == settings.FACTORY_ADDRESS or mail_goes_to_files():
        return False
    mail = test_mail()
    return mail is not None and mail.state in TOOK_IT


def _queues_shaped() -> bool:
    """The queues are no longer just those that every new desk has."""
    shapes = Queue.objects.values_list("slug", "name", "public", "active", "address", "team")
    return set(shapes) != {(slug, name, True, True, "", None) for slug, name in QUEUES}


def _has_colleagues() -> bool:
    """Somebody else works here, or may still accept."""
    waiting = Invitation.objects.filter(
        role__permissions__contains=[permissions.DESK],
        accepted_at=None,
        withdrawn_at=None,
        expires_at__gt=timezone.now(),
    )
    # both are asked: a page costs the same however many work here
    return any([staff()[1:2].exists(), waiting.exists()])


def _answered() -> bool:
    return Ticket.objects.filter(first_responded_at__isnull=False).exists()


#: slug → whether it really is so, in the order in which the steps are best taken
DONE: dict[str, Callable[[], bool]] = {
    "company": _named,
    "support": _sends,
    "queues": _queues_shaped,
    "colleagues": _has_colleagues,
    "ticket": _answered,
}
