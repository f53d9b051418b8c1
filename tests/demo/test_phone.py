"""Playing the customer's phone: the page, and the process behind it that plays WhatsApp."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from datetime import timedelta
from io import BytesIO
from typing import Any

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from PIL import Image

from deskbell.channels import inbound
from deskbell.channels.actions.webhooks import handle_webhook
from deskbell.channels.models import InboundItem, Webhook
from deskbell.channels.whatsapp.drafts import DRAFTS, to_submit
from deskbell.channels.whatsapp.webhook import sign
from deskbell.demo import chats
from deskbell.demo.whatsapp import place
from deskbell.demo.whatsapp.phones import Phones, PhonesHandler, Waiting
from deskbell.demo.whatsapp.server import serve
from deskbell.demo.whatsapp.sim import APP_SECRET, TOKEN
from deskbell.events.deliver import deliver_transaction
from deskbell.events.models import Event
from deskbell.kit.once import new_key
from deskbell.outbox import delivery
from deskbell.outbox.models import OutboxItem
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Message, Ticket
from tests import world as world_of_tests

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

DOUG = chats.PHONES["doug"][0]
named_world = world_of_tests.named_world


@pytest.fixture
def phones(settings, tmp_path) -> Iterator[Phones]:
    settings.DATA_DIR, settings.HTTP_PLAIN_TO_LOOPBACK = tmp_path, True
    settings.FILES_DIR = tmp_path / "files"
    place.folder(tmp_path).mkdir()
    with serve(Phones(place.folder(tmp_path)), handler=PhonesHandler) as running:
        assert isinstance(running, Phones)
        running.tells = ()
        place.write(place.folder(tmp_path) / "address", running.address.encode())
        yield running


@pytest.fixture
def desk(named_world, demo_pages, phones):
    chats.connect()
    return deepcopy(named_world)


@pytest.fixture
def work(client, phones) -> Any:
    """What carries webhooks, and the worker, do."""

    def once() -> None:
        for body in phones.drain():
            signed = {"X-Hub-Signature-256": sign(body.encode(), APP_SECRET)}
            path = place.webhook(phones.folder.parent)
            answer = client.post(path, body, content_type="application/json", headers=signed)
            assert answer.status_code == 200
        for hook in Webhook.objects.filter(handled_at=None).order_by("pk"):
            handle_webhook(hook.pk)
        for item in InboundItem.objects.filter(state="received").order_by("pk"):
            inbound.receive(item.pk)
        about = Event.objects.filter(about_kind="ticket", about_id__in=chatted())
        for xact in about.order_by("xact").values_list("xact", flat=True).distinct():
            assert deliver_transaction(xact) == []
        for item in OutboxItem.objects.filter(driver="whatsapp-cloud", state="queued").order_by("pk"):
            delivery.send_item(item.pk)

    return once


def chatted() -> list[int]:
    return list(Ticket.objects.exclude(conversation=None).values_list("pk", flat=True))


def write(client, text: str = "", who: str = DOUG, **values: Any):
    given = {"as": who, "name": "", "text": text, "once": new_key(), **values}
    return client.post("/demo/phone/messages/", given)


def page(client, who: str = DOUG, **values: str) -> str:
    return client.get("/demo/phone/", {"as": who, **values}).content.decode()


def photo() -> SimpleUploadedFile:
    drawn = BytesIO()
    Image.new("RGB", (60, 40), "#4060a0").save(drawn, "PNG")
    return SimpleUploadedFile("IMG_2041.png", drawn.getvalue(), "image/png")


def test_without_the_demo_there_is_no_phone(client):
    with pytest.raises(NoReverseMatch):
        reverse("demo:phone")
    for path in ("/demo/phone/", "/demo/phone/chat/", "/demo/phone/photos/1/"):
        assert client.get(path).status_code == 404
    for path in ("messages", "reactions", "reading", "day"):
        assert client.post(f"/demo/phone/{path}/", {"as": DOUG}).status_code == 404


def test_the_phones_of_a_few_people_can_be_picked_up(client, desk):
    offered = re.findall(r'class="play-person" href="/demo/phone/\?as=(\d+)"', page(client, ""))
    assert offered == [chats.PHONES[slug][0] for slug in ("doug", "petra", "", "joy", "imogen")]
    shown = page(client)
    assert "No messages yet. Write the first one." in shown
    assert f"The phone of {chats.PHONES['doug'][1]}" in shown


def test_a_photo_with_words_becomes_a_ticket_is_greeted_answered_and_read(client, desk, work, phones):
    assert write(client, "The display says this", photo=photo()).status_code == 302
    assert 'aria-label="Sent"' in page(client)
    work()
    ticket = Ticket.objects.get(conversation__address=DOUG)
    assert (ticket.subject, ticket.requester.email) == ("The display says this", "doug@marlpit.example")
    assert [file.blob.content_type for file in Attachment.objects.filter(message__ticket=ticket)] == [
        "image/png"
    ]
    shown = page(client)
    assert 'aria-label="Delivered"' in shown
    assert f"Your ticket is #{ticket.number}" in shown
    assert f"/desk/tickets/{ticket.number}/" in shown
    (picture,) = set(re.findall(r'<img src="([^"]+)"', shown))
    assert client.get(picture).headers["Content-Type"] == "image/png"
    assert client.get(picture.replace(DOUG, chats.PHONES["joy"][0])).status_code == 404

    actions.reply(ticket, Content.markdown("Turn it **off** <now>"), by=desk["agent"])
    work()
    answer = OutboxItem.objects.get(kind="ticket.reply", ticket_id=ticket.pk)
    assert answer.state == "sent"
    shown = page(client)
    assert "Turn it <strong>off</strong> &lt;now&gt;" in shown
    assert 'hx-post="/demo/phone/reading/"' in shown
    assert client.post("/demo/phone/reading/", {"as": DOUG}).status_code == 204
    work()
    answer.refresh_from_db()
    assert answer.state == "read"
    assert 'hx-post="/demo/phone/reading/"' not in page(client)


def test_a_message_is_quoted_and_gets_a_thumb_which_is_taken_back(client, desk, work, phones):
    write(client, "The till is dead")
    work()
    actions.reply(
        Ticket.objects.get(pk=chatted()[0]), Content.markdown("Is it plugged in?"), by=desk["agent"]
    )
    work()
    answer = phones.of(DOUG)[-1].wamid
    assert f'name="quotes" value="{answer}"' in page(client, quotes=answer)
    write(client, "It was not", quotes=answer)
    for pressed, signs in (("true", {"theirs": "👍"}), ("false", {})):
        client.post("/demo/phone/reactions/", {"as": DOUG, "about": answer})
        assert f'value="{answer}" aria-pressed="{pressed}"' in page(client)
        work()
        assert Message.objects.get(text="Is it plugged in?").details["whatsapp"]["reactions"] == signs
    said = Message.objects.filter(ticket__in=chatted(), direction="in").order_by("pk")
    assert list(said.values_list("text", flat=True)) == ["The till is dead", "It was not"]
    assert said[1].in_reply_to == answer
    other = {"as": chats.PHONES["joy"][0], "about": answer}
    assert client.post("/demo/phone/reactions/", other).status_code == 404


def test_a_double_click_is_one_message(client, desk, phones):
    key = new_key()
    for _ in range(2):
        assert write(client, "Once", once=key).status_code == 302
    assert [each.text for each in phones.of(DOUG)] == ["Once"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "  "}, "Write something first, or take a photo."),
        ({"text": "Look", "photo": SimpleUploadedFile("a.txt", b"no picture")}, "photos as JPEG or PNG"),
        ({"text": "Look", "photo": SimpleUploadedFile("a.png", b"x" * 5_000_001)}, "takes 5 MB"),
    ],
)
def test_what_cannot_be_sent_says_why_and_keeps_the_words(client, desk, phones, given, said):
    answer = write(client, **given)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert f"{given['text'].strip()}</textarea>" in answer.content.decode()
    assert phones.bubbles == []


def test_after_a_day_the_window_is_shut_at_the_desk_until_the_customer_writes(client, desk, work, phones):
    write(client, "Hello")
    work()
    ticket = Ticket.objects.get(conversation__address=DOUG)
    client.post("/demo/phone/day/", {"as": DOUG})
    with pytest.raises(actions.ChatClosed):
        actions.reply(ticket, Content.markdown("Too late"), by=desk["agent"])
    assert phones.now() - phones.of(DOUG)[0].at > 24 * 3600
    write(client, "Still there?")
    work()
    ticket.refresh_from_db()
    actions.reply(ticket, Content.markdown("Yes"), by=desk["agent"])
    work()
    assert phones.of(DOUG)[-1].text == "Yes"


def test_the_chat_is_sent_again_only_when_something_changed(client, desk, phones):
    stamp = re.search(r"stamp=(\w+)", page(client))[1]
    asked = {"as": DOUG, "stamp": stamp}
    again = client.get("/demo/phone/chat/", asked)
    assert (again.status_code, again.content) == (204, b"")
    write(client, "New words")
    changed = client.get("/demo/phone/chat/", asked)
    assert changed.status_code == 200
    assert "New words" in changed.content.decode()


def test_a_new_number_is_somebody_whom_the_desk_does_not_know(client, desk, work):
    answer = client.post("/demo/phone/", {"name": "Kai Dune", "number": "+44 7700 900555"})
    assert answer.headers["Location"] == "/demo/phone/?as=447700900555&name=Kai+Dune"
    write(client, "Do you repair radios?", "447700900555", name="Kai Dune")
    work()
    ticket = Ticket.objects.get(conversation__address="447700900555")
    assert (ticket.requester.name, ticket.requester.email) == ("Kai Dune", None)
    wrong = client.post("/demo/phone/", {"name": "", "number": "07700 900555"})
    assert wrong.status_code == 422
    assert "Who is it?" in wrong.content.decode()
    assert "Write it with the country code" in wrong.content.decode()


def test_a_whatsapp_that_is_silent_is_said_and_loses_nothing_typed(client, desk, phones, settings):
    place.write(place.folder(settings.DATA_DIR) / "address", place.NOWHERE.encode())
    answer = write(client, "Is anybody there?")
    assert answer.status_code == 503
    assert "WhatsApp does not answer at the moment." in answer.content.decode()
    assert "Is anybody there?</textarea>" in answer.content.decode()
    assert client.get("/demo/phone/chat/", {"as": DOUG}).status_code == 204


def test_every_bar_and_the_page_of_mails_lead_to_the_phone(client, desk):
    client.force_login(desk["agent"], backend="allauth.account.auth_backends.AuthenticationBackend")
    for path in ("/desk/", "/demo/customer/"):
        assert 'href="/demo/phone/"' in client.get(path).content.decode()


# --- its memory -----------------------------------------------------------------------------------


def test_the_next_process_knows_all_that_the_last_one_had_answered(phones):
    phones.send(DOUG, {"key": "k" * 16, "text": "Before", "name": "Doug", "quotes": "", "photo": ""})
    sent = phones.take({**TEXT, "biz_opaque_callback_data": "ob:1"})["messages"][0]["id"]
    after = Phones(phones.folder)
    after.webhook = ""
    assert [(each.text, each.state) for each in after.of(DOUG)] == [
        ("Before", "sent"),
        ("Hello", "accepted"),
    ]
    assert [json.loads(each.body)["object"] for each in after.waiting] == ["whatsapp_business_account"]
    after.catch_up()
    told = json.loads(after.waiting[-1].body)["entry"][0]["changes"][0]["value"]["statuses"][0]
    assert (told["id"], told["status"], told["biz_opaque_callback_data"]) == (sent, "delivered", "ob:1")
    assert after.text(DOUG, "After")["id"] not in {sent, *(each.wamid for each in phones.bubbles)}


def test_what_the_desk_does_not_take_waits_and_stays_in_its_order(phones, monkeypatch):
    class Enough(Exception):
        pass

    monkeypatch.setattr("deskbell.demo.whatsapp.phones.PAUSE", 0)
    phones.waiting = [Waiting("one"), Waiting("two"), Waiting("three")]
    asked: list[str] = []
    answers = iter([0, 503, 200, 404])

    def post(body: bytes) -> int:
        asked.append(body.decode())
        try:
            status = next(answers)
        except StopIteration:
            raise Enough from None
        if not status:
            raise httpx.ConnectError("down")
        return status

    with pytest.raises(Enough):
        phones.carry(post)
    assert asked == ["one", "one", "one", "two", "three"]


def test_a_reset_from_outside_is_noticed(phones):
    phones.send(DOUG, {"key": "k" * 16, "text": "Old", "name": "Doug", "quotes": "", "photo": ""})
    told = Phones()
    told.text(DOUG, "As on the first day", name="Doug")
    told.file(DOUG, "image", b"picture", "image/png")
    told.keep(phones.folder)
    held = httpx.get(f"{phones.address}/phones/{DOUG}", headers=BEARER).json()
    assert [each["text"] for each in held["bubbles"]] == ["As on the first day", ""]
    media = held["bubbles"][1]["media"]
    answer = httpx.get(f"{phones.address}/phones/{DOUG}/files/{media}", headers=BEARER)
    assert (answer.content, answer.headers["Content-Type"]) == (b"picture", "image/png")


def test_the_socket_keeps_its_port_and_takes_another_where_it_is_taken(tmp_path):
    assert place.address(tmp_path) == place.NOWHERE
    with place.listen(tmp_path) as first:
        port = first.getsockname()[1]
        assert place.address(tmp_path) == f"http://127.0.0.1:{port}"
    with place.listen(tmp_path) as second:
        assert second.getsockname()[1] == port
        with place.listen(tmp_path) as third:
            assert third.getsockname()[1] != port
            assert place.address(tmp_path).endswith(f":{third.getsockname()[1]}")


TEXT = {"messaging_product": "whatsapp", "to": f"+{DOUG}", "type": "text", "text": {"body": "Hello"}}
BEARER = {"Authorization": f"Bearer {TOKEN}"}


def test_an_option_of_a_list_is_tapped_once(client, desk, work, phones):
    write(client, "The till is dead")
    work()
    first = Ticket.objects.get(pk=chatted()[0])
    second = actions.open_ticket(
        requester=first.requester,
        subject="The scales",
        content=Content(text="The scales", markup="plain"),
        by=first.requester,
        source="whatsapp",
        channel="whatsapp",
        conversation=first.conversation,
    )
    Message.objects.update(created_at=timezone.now() - timedelta(hours=3))
    write(client, "It is back")
    work()
    work()
    (asked,) = (each for each in phones.of(DOUG) if each.options)
    choice = f"{asked.wamid} tkt:{first.number}"
    assert f'value="{choice}"' in page(client)
    for _tap in range(2):
        assert client.post("/demo/phone/choices/", {"as": DOUG, "choice": choice}).status_code == 302
    work()
    assert Message.objects.get(text="It is back").ticket == first
    assert Message.objects.filter(ticket=second).count() == 1
    assert f'value="{choice}"' not in page(client)
    for wrong in ("", "x", f"{asked.wamid} tkt:0"):
        assert client.post("/demo/phone/choices/", {"as": DOUG, "choice": wrong}).status_code == 404


def test_a_template_that_was_approved_outlives_the_process(phones, tmp_path):
    phones.judges = "PENDING"
    phones.submit(to_submit(DRAFTS[0], "de"))
    phones.judge("ticket_received", "de", "APPROVED")
    assert len(phones.waiting) == 1
    last = Phones(place.folder(tmp_path)).templates[-1]
    assert (last["name"], last["language"], last["status"]) == ("ticket_received", "de", "APPROVED")
