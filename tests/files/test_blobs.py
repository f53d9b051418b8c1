"""Bytes are kept once, whole, and judged by their content."""

from __future__ import annotations

import os
from datetime import timedelta
from io import BytesIO

import pytest
from django.utils import timezone

from deskbell.files import keep
from deskbell.files.actions import TooBig, store
from deskbell.files.models import Blob
from deskbell.files.sniff import content_type
from deskbell.tickets.models import Attachment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    return settings.FILES_DIR


def files_in(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_the_same_content_is_one_file_and_one_row(folder):
    first, second = store(b"hello"), store(BytesIO(b"hello"))
    assert first == second and first.size == 5
    assert first.path.read_bytes() == b"hello"
    assert files_in(folder) == [first.sha256]


def test_too_big_leaves_nothing_behind(folder):
    with pytest.raises(TooBig) as caught:
        store(BytesIO(b"x" * 11), limit=10)
    assert caught.value.limit == 10
    assert files_in(folder) == [] and not Blob.objects.exists()


def test_a_full_disk_leaves_nothing_behind(folder, monkeypatch):
    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        store(b"hello")
    assert files_in(folder) == [] and not Blob.objects.exists()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n....", "image/png"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"%PDF-1.7", "application/pdf"),
        (b"", "text/plain"),
        ("Grüße".encode(), "text/plain"),
        ("Grüße".encode()[:3], "text/plain"),
        (b"<html><script>alert(1)</script>", "text/plain"),
        (b"<svg onload=alert(1)>", "text/plain"),
        (b"\x00\x01\x02\x03", "application/octet-stream"),
    ],
)
def test_the_type_is_read_from_the_content(head, kind):
    assert content_type(head) == kind


def test_what_nobody_holds_is_swept_after_a_day_and_not_before():
    held, loose, new = store(b"held"), store(b"loose"), store(b"new")
    Attachment.objects.create(blob=held, filename="a")
    old = timezone.now() - timedelta(hours=25)
    Blob.objects.filter(pk__in=[held.pk, loose.pk]).update(created_at=old)
    assert keep.sweep() == 1
    assert not loose.path.exists() and held.path.exists() and new.path.exists()


def test_content_seen_again_is_not_swept_before_it_is_linked():
    blob = store(b"again")
    Blob.objects.update(created_at=timezone.now() - timedelta(days=3))
    store(b"again")
    assert keep.sweep() == 0 and blob.path.exists()
