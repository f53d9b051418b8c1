"""By which doors a photo loses its place, and by which it comes byte for byte (decision 0019)."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile

from deskbell.channels.actions import add_channel
from deskbell.files.models import Blob
from deskbell.tickets.models import Queue
from tests import stories
from tests.files.test_bare import PRIVATE, photo

pytestmark = pytest.mark.django_db
PHOTO = photo("JPEG")


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"
    cache.clear()


def brought() -> SimpleUploadedFile:
    return SimpleUploadedFile("rack.jpg", PHOTO)


def kept() -> bytes:
    return Blob.objects.get().path.read_bytes()


def by_the_portals_script(client):
    client.force_login(stories.customer())
    return client.post("/portal/uploads/", {"file": brought()})


def by_a_form_of_the_portal(client):
    queue = Queue.objects.get(slug="network").pk
    client.force_login(stories.customer())
    given = {"subject": "s", "text": "t", "queue": queue, "files": [brought()]}
    return client.post("/portal/tickets/new/", given)


def by_the_phones_script(client):
    client.force_login(stories.staff("engineer"))
    return client.post("/field/uploads/", {"file": brought()})


def by_a_form_of_the_phone(client):
    engineer = stories.staff("engineer")
    number = stories.ticket(assignee=engineer).number
    client.force_login(engineer)
    given = {"text": "t", "step": "say", "visibility": "internal", "files": [brought()]}
    return client.post(f"/field/tickets/{number}/messages/", given)


def by_a_guest(client):
    add_channel("webform", name="Help")
    return client.post("/portal/ask/files/", {"file": brought()})


@pytest.mark.parametrize(
    "door",
    [
        by_the_portals_script,
        by_a_form_of_the_portal,
        by_the_phones_script,
        by_a_form_of_the_phone,
        by_a_guest,
    ],
)
def test_a_photo_of_people_is_kept_without_its_place(client, door):
    assert door(client).status_code in (201, 302)
    assert [word for word in PRIVATE if word in kept()] == []


def test_a_file_of_the_desk_stays_as_it_is(client):
    client.force_login(stories.staff())
    assert client.post("/desk/uploads/", {"file": brought()}).status_code == 201
    assert kept() == PHOTO
