"""Asking without an account: each guard, what it keeps, what it gives away."""

from __future__ import annotations

import re
import time

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from deskbell.channels import inbound
from deskbell.channels.models import Channel, InboundFile, InboundItem, Tally
from deskbell.channels.webform import limits
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Once
from deskbell.files.models import Blob
from deskbell.people.actions import change_company
from deskbell.portal import guests
from deskbell.tickets.models import Queue, Ticket
from tests.stories import customer, ticket

ASK = "/portal/ask/"


@pytest.fixture(autouse=True)
def folder(db, settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


def form(**values) -> dict:
    """A form that was opened a minute ago."""
    stamp = guests.Stamp.new(time.time() - 60)
    queue = Queue.objects.get(slug="network")
    given = {
        "name": "Lena Hart",
        "email": "lena@mail.example",
        "subject": "No Wi-Fi",
        "text": "Since Monday.",
    }
    return given | {"queue": queue.pk, "once": stamp.once, "stamp": stamp.sealed()} | values


def nothing_was_stored() -> bool:
    return not (InboundItem.objects.exists() or Once.objects.exists() or Ticket.objects.exists())


def upload(client: Client, content: bytes = b"a log", name: str = "wifi.log") -> str:
    answer = client.post(ASK + "files/", {"file": SimpleUploadedFile(name, content)})
    assert answer.status_code == 201
    return answer.json()["id"]


def test_the_front_page_offers_it_and_the_form_stands_open(client):
    assert f'href="{ASK}"' in client.get("/").content.decode()
    text = client.get(ASK).content.decode()
    assert "Ask us" in text
    assert 'name="stamp"' in text


def test_who_is_signed_in_gets_his_own_form(client):
    client.force_login(customer())
    assert client.get(ASK).url == "/portal/tickets/new/"
    assert client.post(ASK, form()).url == "/portal/tickets/new/"
    assert nothing_was_stored()


def test_what_is_sent_is_stored_and_answered_with_a_receipt(client):
    data = form(uploads=[upload(client)])
    answer = client.post(ASK, data)
    item = InboundItem.objects.get()
    assert (item.state, item.envelope_from) == ("received", "lena@mail.example")
    assert [file.filename for file in item.files.all()] == ["wifi.log"]
    assert data["once"] in answer.cookies["deskbell_accepted"].value
    receipt = client.get(answer.url)
    text = receipt.content.decode()
    assert item.external_id in text
    assert "lena@mail.example" in text
    inbound.receive(item.pk)
    opened = Ticket.objects.get()
    assert opened.messages.get().attachments.get().filename == "wifi.log"
    after = client.get(answer.url).content.decode()
    assert f"#{opened.number}" not in after


def test_the_receipt_is_the_same_whoever_the_address_belongs_to(client):
    known = customer(name="Lena Secret")
    ticket(known, subject="A secret subject")
    for email in (str(known.email), "nobody@mail.example"):
        answer = client.post(ASK, form(email=email))
        inbound.receive(InboundItem.objects.latest("pk").pk)
        text = client.get(answer.url).content.decode()
        assert "Secret" not in text
        assert "secret" not in text
    assert Ticket.objects.count() == 3


def test_a_forged_receipt_is_not_there(client):
    client.post(ASK, form())
    reference = InboundItem.objects.get().external_id
    assert client.get(f"{ASK}{reference}/").status_code == 404


def test_a_double_click_is_one_message(client):
    data = form(uploads=[upload(client)])
    first, second = client.post(ASK, data), client.post(ASK, data)
    assert (first.status_code, second.status_code) == (302, 302)
    assert InboundItem.objects.count() == 1
    assert InboundFile.objects.count() == 1


def test_the_same_form_with_another_text_is_not_swallowed(client):
    data = form()
    client.post(ASK, data)
    answer = client.post(ASK, data | {"text": "Something else"})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert "sent before with another text" in text
    assert "Something else" in text
    again = data | {"text": "Something else", "once": hidden(text, "once"), "stamp": hidden(text, "stamp")}
    assert client.post(ASK, again).status_code == 302
    assert InboundItem.objects.count() == 2


def hidden(text: str, name: str) -> str:
    return re.search(rf'name="{name}" value="([^"]+)"', text)[1]


# --- guards -------------------------------------------------------------------------------------


def refused(client: Client, data: dict, words: str) -> str:
    """The page of a refusal: it says so, and keeps what was typed."""
    answer = client.post(ASK, data)
    assert answer.status_code == 422
    text = answer.content.decode()
    assert words in text
    assert "Since Monday." in text
    assert 'value="No Wi-Fi"' in text
    assert nothing_was_stored()
    return text


def test_a_filled_hidden_field_is_refused_and_empty_again(client):
    text = refused(client, form(website="https://casino.example"), "A hidden field was filled in")
    assert "casino" not in text
    assert not Tally.objects.exists()


def test_a_form_that_is_sent_at_once_is_refused_and_goes_through_a_little_later(client, monkeypatch):
    text = client.get(ASK).content.decode()
    data = form(once=hidden(text, "once"), stamp=hidden(text, "stamp"))
    again = refused(client, data, "faster than people type")
    now = time.time()
    monkeypatch.setattr(guests.time, "time", lambda: now + guests.FASTEST)
    data |= {"once": hidden(again, "once"), "stamp": hidden(again, "stamp")}
    assert client.post(ASK, data).status_code == 302


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        "forged:stamp",
        guests.Stamp("abcdefghijklmnopqrstuv", time.time() - 60).sealed(),
        guests.Stamp.new(time.time() - guests.OLDEST - 60).sealed(),
    ],
    ids=["none", "forged", "of another form", "too old"],
)
def test_a_stamp_that_is_none_is_refused(client, stamp):
    refused(client, form(stamp=stamp), "open for too long")


def test_a_stamp_too_old_for_its_own_form_is_refused(client):
    stamp = guests.Stamp.new(time.time() - guests.OLDEST - 60)
    refused(client, form(once=stamp.once, stamp=stamp.sealed()), "open for too long")


def test_an_address_is_heard_so_often_an_hour(client):
    for _ in range(limits.PER_ADDRESS):
        assert client.post(ASK, form()).status_code == 302
    answer = client.post(ASK, form(text="One too many"))
    assert answer.status_code == 422
    assert "several messages from this address" in answer.content.decode()
    assert "One too many" in answer.content.decode()
    assert InboundItem.objects.count() == limits.PER_ADDRESS


def test_a_network_is_heard_so_often_an_hour(client):
    for n in range(limits.PER_NETWORK):
        assert client.post(ASK, form(email=f"a{n}@mail.example")).status_code == 302
    answer = client.post(ASK, form(email="b@mail.example"))
    assert "Many messages came from your network" in answer.content.decode()
    assert client.post(ASK, form(email="b@mail.example"), REMOTE_ADDR="192.0.2.9").status_code == 302
    assert InboundItem.objects.count() == limits.PER_NETWORK + 1


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": ""}, "Tell us what to call you."),
        ({"email": ""}, "We need it to answer you."),
        ({"email": "lena@"}, "Enter a valid email address."),
        ({"queue": "0"}, "Select a valid choice."),
    ],
)
def test_what_is_missing_is_said_beside_its_field(client, values, words):
    refused(client, form(**values), words)


def test_a_queue_that_is_not_public_cannot_be_chosen(client):
    hidden_one = Queue.objects.create(slug="inner", name="Inner", public=False)
    refused(client, form(queue=hidden_one.pk), "Select a valid choice.")


def test_a_form_that_is_closed_leads_to_the_front_page(client):
    Channel.objects.create(kind="webform", name="Web form", state="off")
    assert ASK not in client.get("/").content.decode()
    assert client.get(ASK).url == "/"
    assert client.post(ASK, form()).url == "/"
    answer = client.post(ASK + "files/", {"file": SimpleUploadedFile("a.txt", b"a")})
    assert answer.status_code == 403
    assert nothing_was_stored()
    assert not Blob.objects.exists()


# --- files --------------------------------------------------------------------------------------


def test_files_survive_a_refused_post(client):
    token = upload(client)
    brought = SimpleUploadedFile("plain.txt", b"came with the form")
    text = refused(client, form(name="", uploads=[token], files=[brought]), "Tell us what to call you.")
    tokens = re.findall(r'name="uploads" value="([^"]+)"', text)
    assert "wifi.log" in text
    assert "plain.txt" in text
    assert client.post(ASK, form(uploads=tokens)).status_code == 302
    assert [file.filename for file in InboundFile.objects.order_by("pk")] == ["wifi.log", "plain.txt"]


def test_a_file_that_comes_with_the_form_is_taken_without_script(client):
    assert client.post(ASK, form(files=[SimpleUploadedFile("a.txt", b"a")])).status_code == 302
    assert InboundFile.objects.get().filename == "a.txt"


def test_a_token_that_is_none_is_said_and_nothing_is_sent(client):
    refused(client, form(uploads=["forged"]), "A file is not there any more.")
    assert not Tally.objects.exists()


def test_a_file_may_be_so_big(client, settings):
    settings.GUEST_UPLOAD_LIMIT = 10
    answer = client.post(ASK + "files/", {"file": SimpleUploadedFile("a.txt", b"12345678901")})
    assert (answer.status_code, "at most" in answer.json()["detail"]) == (413, True)
    refused(client, form(files=[SimpleUploadedFile("a.txt", b"12345678901")]), "A file is too big")
    assert not Blob.objects.exists()


def test_so_many_files_go_with_one_form(client):
    tokens = [upload(client, b"%d" % n) for n in range(limits.FILES_AT_ONCE + 1)]
    refused(client, form(uploads=tokens), "At most 10 files at once.")


def test_a_network_may_bring_so_many_files_an_hour(client, monkeypatch):
    monkeypatch.setattr(limits, "FILES", 1)
    token = upload(client)
    answer = client.post(ASK + "files/", {"file": SimpleUploadedFile("b.txt", b"b")})
    assert (answer.status_code, "Many files" in answer.json()["detail"]) == (429, True)
    assert Blob.objects.count() == 1
    assert client.post(ASK, form(uploads=[token])).status_code == 302


def test_a_guest_opens_no_file_of_the_desk(client):
    asked = ticket(customer())
    assert client.get(f"/portal/tickets/{asked.number}/").url.startswith("/signin/")
    assert client.post("/portal/uploads/", {"file": SimpleUploadedFile("a", b"a")}).status_code == 302
    assert not Blob.objects.exists()


def test_who_may_not_ask_without_an_account_is_told_why_he_has_to_sign_in(client):
    why = "To open a ticket you sign in first"
    assert why not in client.get("/").content.decode()
    change_company(by=SYSTEM, guests=False)
    assert why in client.get("/").content.decode()
    asked = client.get("/portal/tickets/new/", follow=True)
    assert asked.redirect_chain[0][0] == "/signin/?next=/portal/tickets/new/"
    assert "Sign in to open your ticket" in asked.content.decode()
    assert "Sign in to open your ticket" not in client.get("/signin/").content.decode()
