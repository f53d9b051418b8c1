"""Which blobs are in use. Owners of links register here; what nobody keeps is swept after a day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from deskbell.files.actions import lock_content
from deskbell.files.models import Blob

ORPHANED_AFTER = timedelta(hours=24)
#: each returns a queryset of one column: the ids of blobs it holds on to
_keepers: list[Callable[[], QuerySet]] = []


def keeper(used: Callable[[], QuerySet]) -> Callable[[], QuerySet]:
    _keepers.append(used)
    return used


def sweep() -> int:
    """Remove blobs older than a day that no keeper holds; returns how many."""
    old = Blob.objects.filter(created_at__lt=timezone.now() - ORPHANED_AFTER)
    for used in _keepers:
        old = old.exclude(pk__in=used())
    removed = 0
    for pk in list(old.values_list("pk", flat=True)[:10_000]):
        removed += _remove(pk)
    return removed


@transaction.atomic
def _remove(pk: int) -> int:
    blob = Blob.objects.select_for_update().filter(pk=pk).first()
    if blob is None or any(used().filter(blob=pk).exists() for used in _keepers):
        return 0
    lock_content(blob.sha256)
    blob.delete()
    blob.path.unlink(missing_ok=True)
    return 1
