"""The setup of a linked device: the warning first, then the link, in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.models import Channel, LinkedDevice
from deskbell.channels.whatsapp_web.account import secret_of
from tests.stories import staff
from tests.support.gateway import FakeGateway, serve

NEW = "/setup/whatsapp-web/new/"
LIMITS = {"reply_days": "30", "people_per_hour": "30", "messages_per_day": "200"}


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    with serve(FakeGateway()) as running:
        yield running


@pytest.fixture
def web(db) -> Client:
    client = Client()
    client.force_login(staff("owner"))
    return client


@pytest.fixture
def number(web, gateway) -> Channel:
    channel = numbers.add_linked("Spare phone", numbers.Given("+4930900000", gateway=gateway.address))
    gateway.sid, gateway.secret = str(channel.uuid), secret_of(channel)
    return channel


@pytest.fixture
def accepted(web, number) -> Channel:
    web.post(f"/setup/whatsapp-web/{number.pk}/acceptance/", {"understood": "on"})
    return number


def text(answer) -> str:
    return answer.content.decode()


def test_a_new_number_asks_for_the_risk_before_anything_else(web, gateway):
    given = {"name": "Spare", "phone": "+49 30 900000", "gateway": gateway.address, **LIMITS}
    answer = web.post(NEW, given, follow=True)
    channel = Channel.objects.get(kind="whatsapp-web")
    assert (channel.state, channel.address) == ("off", "4930900000")
    assert "Before you switch it on" in text(answer)
    assert "Link by QR code" not in text(answer)
    refused = web.post(f"/setup/whatsapp-web/{channel.pk}/acceptance/", {})
    assert refused.status_code == 422
    assert "the number stays off without it" in text(refused)
    assert LinkedDevice.objects.get().accepted_at is None
    gateway.sid, gateway.secret = str(channel.uuid), secret_of(channel)
    answer = web.post(f"/setup/whatsapp-web/{channel.pk}/acceptance/", {"understood": "on"}, follow=True)
    assert "Link by QR code" in text(answer)
    accepted_by = LinkedDevice.objects.get().accepted_by
    assert accepted_by is not None and str(accepted_by.pk) == web.session["_auth_user_id"]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("phone", "030 123", "no phone number with its country code"),
        ("reply_days", "0", "greater than or equal to 1"),
        ("messages_per_day", "", "required"),
        ("gateway", "ftp://x", "must begin with https://"),
    ],
)
def test_bad_input_is_answered_with_a_sentence_and_kept(web, field, value, said):
    given = {"name": "Kept words", "phone": "+4930900000", **LIMITS, field: value}
    answer = web.post(NEW, given)
    assert answer.status_code == 422
    assert said in text(answer)
    assert "Kept words" in text(answer)
    assert not Channel.objects.filter(kind="whatsapp-web").exists()


def test_the_same_number_twice_is_refused_and_a_double_click_makes_one(web, number):
    again = web.post(NEW, {"name": "Two", "phone": "+4930900000", **LIMITS})
    assert "is a channel of the desk already" in text(again)
    given = {"name": "Three", "phone": "+4930900001", **LIMITS, "once": "a-key-of-this-form"}
    web.post(NEW, given)
    web.post(NEW, given)
    assert Channel.objects.filter(kind="whatsapp-web").count() == 2


def test_pairing_shows_the_code_while_it_holds_and_then_that_it_works(web, accepted, gateway):
    page = f"/setup/whatsapp-web/{accepted.pk}/"
    answer = web.post(f"{page}link/", follow=True)
    assert 'alt="QR code that links the phone"' in text(answer)
    assert "data:image/svg+xml" in text(answer)
    assert 'hx-trigger="every 2s"' in text(answer)
    coded = web.post(f"{page}pair-code/")
    assert "ABCD-1234" in text(coded)
    assert "ABCD-1234" not in text(web.get(page))
    gateway.scan()
    fragment = text(web.get(f"{page}link/"))
    assert "Linked: what customers write comes in" in fragment
    assert "hx-trigger" not in fragment
    assert "has the number" not in fragment
    gateway.state["me"]["pn"] = "4930911111"
    assert "has the number +4930911111, not +4930900000" in text(web.get(f"{page}link/"))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("LOGGED_OUT", "The phone has unlinked WhatsApp Web"),
        ("CONFLICT", "Another program uses this WhatsApp Web link"),
        ("OUTDATED", "it has to be updated"),
        ("BANNED", "has blocked our number"),
        ("MISSING", "pip install"),
    ],
)
def test_every_end_of_a_link_is_said_in_words(web, accepted, gateway, state, said):
    gateway.link(state)
    assert said in text(web.get(f"/setup/whatsapp-web/{accepted.pk}/link/"))


def test_a_silent_gateway_is_said_and_asked_again(web, accepted):
    LinkedDevice.objects.update(gateway="http://127.0.0.1:9")
    answer = text(web.get(f"/setup/whatsapp-web/{accepted.pk}/"))
    assert "The gateway of WhatsApp Web does not answer" in answer
    assert 'hx-trigger="every 2s"' in answer


def test_sending_is_paused_the_link_ended_and_a_number_never_used_removed(web, accepted, gateway):
    page = f"/setup/whatsapp-web/{accepted.pk}/"
    gateway.scan()
    answer = web.post(f"{page}pausing/", {"on": "1"}, follow=True)
    assert "Sending is paused" in text(answer)
    answer = web.post(f"{page}unlinking/", follow=True)
    assert "its keys are deleted" in text(answer)
    assert gateway.state["link_state"] == LinkedDevice.objects.get().link_state == "LOGGED_OUT"
    web.post(f"{page}removal/")
    assert not Channel.objects.filter(kind="whatsapp-web").exists()


def test_the_list_of_numbers_shows_it_and_the_trail_tells_its_story(web, accepted, gateway):
    assert "Spare phone" in text(web.get("/setup/whatsapp/"))
    trail = text(web.get("/setup/audit/"))
    assert "accepted for the company that WhatsApp may block the number" in trail
