"""A contact who may only read: refused at every door, and nothing he says is lost."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from deskbell.channels import inbound
from deskbell.channels.actions import add_channel
from deskbell.channels.models import InboundItem
from deskbell.people import actions as people
from deskbell.people.models import Grant, User
from deskbell.tickets.models import Attachment, Message, Ticket
from tests.channels.conftest import mail
from tests.stories import customer, fresh, organization, staff, ticket


@pytest.fixture
def rita(db, client, settings, tmp_path) -> User:
    settings.FILES_DIR = tmp_path / "files"
    rita = customer(organization("Acme"), role="read_only_organization", name="Rita")
    client.force_login(rita)
    return rita


def colleague(rita: User) -> User:
    return customer(rita.organization, name="Kim")


def test_the_read_only_role_takes_the_place_of_the_writing_one_and_back(db):
    person = customer()
    slugs = Grant.objects.filter(user=person).values_list("role__slug", flat=True)
    assert list(slugs.all()) == ["customer"]
    people.grant(person, "read_only")
    assert list(slugs.all()) == ["read_only"]
    people.grant(person, "customer_manager")
    assert list(slugs.all()) == ["customer_manager"]


def test_the_portal_shows_tickets_and_no_button(client, rita):
    shown = ticket(colleague(rita))
    text = client.get(f"/portal/tickets/{shown.number}/").content.decode()
    assert "The printer is offline." in text
    for address in ("replies/", "closure/", "copies/", "/portal/tickets/new/"):
        assert address not in text
    assert "/portal/tickets/new/" not in client.get("/portal/").content.decode()
    assert f"/portal/tickets/{shown.number}/" in client.get("/portal/?who=organization").content.decode()


def test_the_portal_refuses_every_word(client, rita):
    shown = ticket(colleague(rita))
    before = fresh(shown)
    assert client.get("/portal/tickets/new/").url == "/portal/"
    client.post("/portal/tickets/new/", {"subject": "s", "text": "t", "queue": shown.queue_id})
    client.post(f"/portal/tickets/{shown.number}/replies/", {"text": "t"})
    client.post(f"/portal/tickets/{shown.number}/closure/")
    client.post(f"/portal/tickets/{shown.number}/copies/", {"email": "x@y.example"})
    file = SimpleUploadedFile("a.txt", b"a")
    assert client.post("/portal/uploads/", {"file": file}).status_code == 403
    client.post(f"/portal/tickets/{shown.number}/replies/", {"text": "t", "files": file})
    assert (Ticket.objects.count(), Message.objects.count(), Attachment.objects.count()) == (1, 1, 0)
    assert (fresh(shown).version, fresh(shown).category) == (before.version, before.category)


def test_the_api_refuses_every_word(client, rita):
    shown = ticket(colleague(rita))
    token = {"Authorization": f"Bearer {people.create_token(rita, name='t')}"}

    def call(method, path, body):
        content = json.dumps(body)
        return client.generic(
            method, f"/api/v1{path}", content, content_type="application/json", headers=token
        )

    assert client.get(f"/api/v1/tickets/{shown.number}", headers=token).status_code == 200
    assert (
        call("POST", f"/tickets/{shown.number}/messages", {"body": "x", "visibility": "public"}).status_code
        == 403
    )
    assert call("PATCH", f"/tickets/{shown.number}", {"status": "closed"}).status_code == 403
    whole = {"subject": "s", "body": "b", "requester": {"id": rita.pk}}
    assert call("POST", "/tickets", whole).status_code == 403
    file = SimpleUploadedFile("a.txt", b"a")
    assert client.post("/api/v1/uploads", {"file": file}, headers=token).status_code == 403
    assert (Ticket.objects.count(), Message.objects.count(), Attachment.objects.count()) == (1, 1, 0)


def take(raw: bytes, channel) -> dict:
    item = InboundItem.objects.create(channel=channel, raw=raw, envelope_to=channel.address)
    return inbound.receive(item.pk)


def test_a_mail_to_a_ticket_becomes_a_note_and_another_one_is_held_back(rita):
    channel = add_channel("email", name="Support", address="support@desk.example")
    shown = ticket(colleague(rita))
    subject = f"Re: [#{shown.number}] Printer"
    told = take(mail("It is on fire", sender=f"Rita <{rita.email}>", subject=subject), channel)
    assert (told["state"], told["reason"], told["ticket"]) == ("annotated", "read_only", shown.number)
    note = Message.objects.get(pk=told["message"])
    assert (note.visibility, note.text.strip(), note.author) == ("internal", "It is on fire", rita)
    assert fresh(shown).category == "new"
    new = mail("Hello", sender=f"Rita <{rita.email}>", message_id="<m2@example.com>")
    assert take(new, channel)["reason"] == "read_only"
    assert InboundItem.objects.order_by("-pk")[0].state == "quarantined"
    strange = ticket()
    named = mail(
        "x", sender=f"Rita <{rita.email}>", subject=f"[#{strange.number}]", message_id="<m3@example.com>"
    )
    assert take(named, channel)["state"] == "quarantined"
    assert Ticket.objects.count() == 2
    people.grant(rita, "customer", by=staff("owner"))
    held = InboundItem.objects.filter(state="quarantined").order_by("pk")[0]
    from deskbell.channels.actions import replay

    replay(held.pk, by=staff("owner"))
    assert inbound.receive(held.pk)["state"] == "ticketed"
