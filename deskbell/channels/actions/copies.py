"""Every write about copies of sent mails."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deskbell.channels.models import IncomingServer, SentCopy

#: seconds before the second, third … try; the last one repeats until GIVE_UP_AFTER
BACK_OFF = (60, 300, 900, 3600, 3 * 3600)
GIVE_UP_AFTER = timedelta(days=3)
#: how long the page of a mailbox tells of a copy that was given up
TOLD = timedelta(days=30)


@transaction.atomic
def keep(server: IncomingServer, message_id: str, content: bytes) -> None:
    """Remember a mail that has left, with the job that puts it into the folder."""
    SentCopy.objects.bulk_create(
        [SentCopy(server=server, message_id=message_id, content=content)], ignore_conflicts=True
    )
    from deskbell.channels.jobs import copy_sent  # app-ready: the job application exists only after set-up

    copy_sent.configure(lock=f"channels.copies:{server.pk}").defer(server_id=server.pk)


def waiting() -> QuerySet[SentCopy]:
    """What is to be tried now."""
    return SentCopy.objects.filter(content__isnull=False, next_try_at__lte=timezone.now())


def note_copied(copy: SentCopy) -> None:
    """It lies in the folder."""
    copy.delete()


def note_not_copied(copy: SentCopy, error: str) -> None:
    """It could not be put there now; after GIVE_UP_AFTER it never is."""
    now = timezone.now()
    wait = BACK_OFF[min(copy.tries, len(BACK_OFF) - 1)]
    copy.tries += 1
    copy.next_try_at, copy.error = now + timedelta(seconds=wait), error[:500]
    if copy.at < now - GIVE_UP_AFTER:
        copy.content = None
    copy.save(update_fields=["tries", "next_try_at", "error", "content"])


def forget_old() -> None:
    SentCopy.objects.filter(content__isnull=True, at__lt=timezone.now() - TOLD).delete()
