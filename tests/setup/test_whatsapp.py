"""WhatsApp numbers in the setup: made, changed, checked, subscribed, switched off, removed; their ledgers."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from deskbell.channels import inbound
from deskbell.channels.actions import webhooks, whatsapp_health
from deskbell.channels.actions.access import BadChannel
from deskbell.channels.actions.whatsapp import Given, add_from_words, add_whatsapp
from deskbell.channels.models import AwaitedFile, Channel, InboundItem, Webhook
from deskbell.channels.whatsapp.account import Account
from deskbell.config import health
from deskbell.demo.whatsapp.server import serve
from deskbell.demo.whatsapp.sim import APP_SECRET, NUMBER_ID, TOKEN, VERIFY, WABA_ID, Sim
from deskbell.events.models import Event
from deskbell.kit.secrets import seal
from deskbell.outbox.models import OutboxItem
from deskbell.tickets.models import Message, Queue
from tests.setup.conftest import page
from tests.stories import staff, ticket

ASHA = "919810000001"
NEW = "/setup/whatsapp/new/"
SECRETS = (TOKEN, APP_SECRET, VERIFY)


@pytest.fixture
def sim(settings) -> Iterator[Sim]:
    settings.HTTP_PLAIN_TO_LOOPBACK = True
    with serve(Sim()) as running:
        running.tells = ()
        yield running


@pytest.fixture
def typed(sim) -> dict[str, Any]:
    """A whole form."""
    return {
        "name": "Support chat",
        "number_id": NUMBER_ID,
        "waba_id": WABA_ID,
        "token": TOKEN,
        "app_secret": APP_SECRET,
        "verify_token": VERIFY,
        "greets": "on",
        "asks": "on",
        "reads": "on",
        "most_at_once": "30",
        "tells_hours": "on",
        "base_url": sim.address,
    }


@pytest.fixture
def number(db, sim, settings) -> Channel:
    settings.BASE_URL = "https://desk.example"
    return add_whatsapp("Chat", Given(NUMBER_ID, WABA_ID, TOKEN, APP_SECRET, VERIFY, base_url=sim.address))


def kept_in(text: str) -> str:
    found = re.search(r'name="kept" value="([^"]+)"', text)
    return html.unescape(found[1]) if found else ""


def shown(client: Client, number: Channel) -> str:
    return page(client, f"/setup/whatsapp/{number.pk}/")


def came(number: Channel, sim: Sim, *messages: dict[str, Any]) -> list[InboundItem]:
    """What the worker makes of a webhook."""
    import json

    webhooks.store_webhook(number, json.dumps(sim.envelope(*messages)).encode())
    webhooks.handle_webhook(Webhook.objects.latest("pk").pk)
    for item in InboundItem.objects.filter(state="received").order_by("pk"):
        inbound.decide(item.pk)
    return list(InboundItem.objects.order_by("pk"))


# --- made and changed ---------------------------------------------------------------------------


def test_without_a_number_the_page_says_what_one_needs(web):
    text = page(web, "/setup/whatsapp/")
    assert "You need a phone number that no WhatsApp app uses" in text
    assert NEW in text


def test_a_number_is_made_once_and_its_page_says_what_to_paste(web, typed, settings):
    settings.BASE_URL = "https://desk.example"
    form = {**typed, "queue": Queue.objects.order_by("position").first().pk, "once": "k" * 20}
    for _click in range(2):
        answer = web.post(NEW, form)
        assert answer.status_code == 302
    channel = Channel.objects.get()
    assert (channel.name, channel.address, channel.queue_id) == ("Support chat", NUMBER_ID, form["queue"])
    account = Account.of(channel)
    assert (account.token, account.app_secret, account.verify_token) == SECRETS
    text = shown(web, channel)
    assert f'value="https://desk.example/channels/whatsapp/{channel.uuid}/"' in text
    assert f'value="{VERIFY}"' in text
    assert TOKEN not in text
    assert APP_SECRET not in text
    assert text.count("One is stored. Leave this empty to keep it.") == 3
    assert "Support chat" in page(web, "/setup/whatsapp/")


def test_a_verify_token_is_made_where_none_is_given(web, typed):
    web.post(NEW, {**typed, "verify_token": ""})
    channel = Channel.objects.get()
    made = Account.of(channel).verify_token
    assert len(made) >= 20
    assert f'value="{made}"' in shown(web, channel)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"number_id": "+1 555 000"}, "These are digits only, as Meta shows them."),
        ({"waba_id": ""}, "This field is required."),
        ({"token": ""}, "Without an access token nothing can be sent."),
        ({"token": "two words"}, "This has no spaces and at most 500 signs."),
        ({"app_secret": ""}, "Without the app secret nobody can tell Meta’s messages from forged ones."),
        ({"base_url": "http://graph.example"}, "The address must begin with https://."),
        ({"base_url": "https://graph.example/?x"}, "The address has neither ? nor # in it."),
        ({"version": "25"}, "A version is written as v25.0."),
        ({"auth_header": "X Key"}, "The name of a header has letters, digits and hyphens."),
        ({"number_id": "77"}, "This number is a channel of the desk already."),
    ],
)
def test_a_form_that_lacks_something_says_what_and_makes_nothing(web, typed, change, words):
    add_whatsapp("Other", Given("77", "88", "t", "s"))
    answer = web.post(NEW, {**typed, **change})
    assert answer.status_code == 422
    assert words in html.unescape(answer.content.decode())
    assert Channel.objects.count() == 1


def test_a_mistake_loses_nothing_typed_and_shows_no_secret(web, typed):
    answer = web.post(NEW, {**typed, "number_id": "abc"})
    text = answer.content.decode()
    for secret in SECRETS:
        assert secret not in text
    for name in ("name", "waba_id", "base_url"):
        assert f'value="{typed[name]}"' in text
    assert text.count("What you typed is kept. Leave this empty to use it.") == 3
    empty = dict.fromkeys(("token", "app_secret", "verify_token"), "")
    again = {**typed, **empty, "kept": kept_in(text)}
    text = web.post(NEW, {**again, "waba_id": "x"}).content.decode()  # a second mistake
    web.post(NEW, {**again, "kept": kept_in(text)})
    account = Account.of(Channel.objects.get())
    assert (account.token, account.app_secret, account.verify_token) == SECRETS


def test_what_was_typed_is_kept_for_its_author_alone_and_not_for_long(web, typed, owner):
    text = web.post(NEW, {**typed, "number_id": "abc"}).content.decode()
    empty = {**typed, "token": "", "app_secret": "", "verify_token": ""}
    other = Client()
    other.force_login(staff("admin"))
    assert other.post(NEW, {**empty, "kept": kept_in(text)}).status_code == 422
    now = timezone.now().timestamp()
    old = seal({"typed": {"token": "t", "app_secret": "s"}, "by": owner.pk, "at": now - 4000}).decode()
    for kept in (old, "made up", seal({"whatsapp": {"token": "t"}}).decode()):
        assert web.post(NEW, {**empty, "kept": kept}).status_code == 422
    assert not Channel.objects.exists()


def test_empty_secrets_stay_and_a_new_one_replaces_the_old(web, number, typed):
    address = f"/setup/whatsapp/{number.pk}/"
    change = {**typed, "name": "Sales chat", "token": "", "app_secret": "", "verify_token": "another-word"}
    assert web.post(address, change).status_code == 302
    number = Channel.objects.get()
    account = Account.of(number)
    assert (number.name, account.token, account.verify_token) == ("Sales chat", TOKEN, "another-word")
    event = Event.objects.get(kind="channel.changed")
    assert event.data["fields"] == ["name", "verify_token"]
    assert "changed the channel: name, Verify token" in page(web, "/setup/audit/")


def test_a_token_is_not_led_to_another_server(web, number, typed):
    other = {**typed, "token": "", "base_url": "https://evil.example"}
    answer = web.post(f"/setup/whatsapp/{number.pk}/", other)
    assert "A token is for the server it was made for" in answer.content.decode()
    assert Account.of(Channel.objects.get()).base_url == typed["base_url"]


def test_secrets_of_lost_keys_are_asked_for_again(web, number, typed):
    Channel.objects.update(secrets=b"sealed with another key")
    empty = {**typed, "token": "", "app_secret": ""}
    address = f"/setup/whatsapp/{number.pk}/"
    assert "Without an access token nothing can be sent." in web.post(address, empty).content.decode()
    assert web.post(address, typed).status_code == 302
    assert Account.of(Channel.objects.get()).token == TOKEN


def test_no_secret_is_in_an_event(web, typed):
    web.post(NEW, typed)
    channel = Channel.objects.get()
    web.post(f"/setup/whatsapp/{channel.pk}/", {**typed, "token": "renewed-token"})
    web.post(f"/setup/whatsapp/{channel.pk}/subscription/")
    told = " ".join(str(event.data) for event in Event.objects.all())
    assert Event.objects.filter(kind="channel.changed").exists()
    for secret in (*SECRETS, "renewed-token"):
        assert secret not in told


# --- how it is ----------------------------------------------------------------------------------


def test_a_check_tells_what_meta_says(web, number):
    text = web.post(f"/setup/whatsapp/{number.pk}/check/").content.decode()
    for words in (
        "Meta knows the number",
        "+1 555 000 1111",
        "Lanternfield IT",
        "high",
        "an app is subscribed",
    ):
        assert words in text
    assert "Lanternfield IT" in shown(web, number)  # and is kept


def test_an_account_without_an_app_is_subscribed_by_a_button(web, number, sim):
    sim.subscribed = False
    address = f"/setup/whatsapp/{number.pk}"
    text = web.post(f"{address}/check/").content.decode()
    assert "No app is subscribed to this WhatsApp account" in text
    assert f"{address}/subscription/" in text
    text = web.post(f"{address}/subscription/").content.decode()
    assert sim.subscribed
    assert "Meta knows the number" in text
    assert Event.objects.filter(kind="channel.subscribed").count() == 1
    assert "subscribed the app to the WhatsApp account" in page(web, "/setup/audit/")


def test_a_refused_check_says_why_in_the_reader_s_language_and_the_list_too(web, number, sim):
    sim.token = "another"
    said = "WhatsApp does not take the access token any more: give the number a new one"
    assert said in web.post(f"/setup/whatsapp/{number.pk}/check/").content.decode()
    assert said in page(web, "/setup/whatsapp/")
    assert f"Nothing can leave by this number: {said}." in shown(web, number)
    german = web.get("/setup/whatsapp/", headers={"Accept-Language": "de"}).content.decode()
    with translation.override("de"):
        assert (translated := translation.gettext(said)) != said
    assert said in german or translated in german


def test_an_unknown_id_says_which_of_the_two_it_is(web, number, sim):
    sim.waba_id = "1"
    text = web.post(f"/setup/whatsapp/{number.pk}/check/").content.decode()
    assert "does not know the business account id" in text
    sim.number_id = "2"
    text = web.post(f"/setup/whatsapp/{number.pk}/check/").content.decode()
    assert "does not know our number under this id" in text


def test_a_server_that_is_not_there_leaves_the_number_as_it_is(web, number):
    number.whatsapp.base_url = "http://127.0.0.1:1"
    number.whatsapp.save()
    for what in ("check", "subscription"):
        assert web.post(f"/setup/whatsapp/{number.pk}/{what}/").status_code == 200
    assert Channel.objects.get().state == "ok"
    assert not Event.objects.filter(kind="channel.subscribed").exists()


def test_what_was_refused_is_said_without_its_code(web, number):
    Channel.objects.update(
        last_error="131026 This number cannot be reached on WhatsApp: it has none, or an old version of it"
    )
    assert "was refused: This number cannot be reached on WhatsApp" in shown(web, number)


def test_what_of_a_webhook_was_not_used_is_on_the_page(web, number, sim):
    Webhook.objects.create(
        channel=number,
        raw=b"{}",
        handled_at=timezone.now(),
        problem=webhooks.NOT_USED % {"field": "account_update"},
    )
    assert "Deskbell makes no use of “account_update”" in shown(web, number)
    Webhook.objects.create(channel=number, raw=b"{}")
    assert "1 delivery of Meta waits to be read." in shown(web, number)


def test_it_is_switched_off_and_on(web, number):
    web.post(f"/setup/whatsapp/{number.pk}/switching/", {"on": "0"})
    assert "Switched off: nothing comes in or leaves" in shown(web, number)
    web.post(f"/setup/whatsapp/{number.pk}/switching/", {"on": "1"})
    assert Channel.objects.get().state == "ok"


def test_it_is_removed_while_nothing_came_in(web, number, sim):
    address = f"/setup/whatsapp/{number.pk}/removal/"
    assert "Nothing ever came in by it." in page(web, address)
    Webhook.objects.create(channel=number, raw=b"{}")
    assert web.post(address).status_code == 422  # something is about to come in
    Webhook.objects.all().delete()
    assert web.post(address).status_code == 302
    assert not Channel.objects.exists()


def test_one_by_which_something_came_in_stays(web, number, sim):
    came(number, sim, sim.text(ASHA, "Help"))
    assert web.post(f"/setup/whatsapp/{number.pk}/removal/").status_code == 422
    assert Channel.objects.exists()


def test_only_who_sets_up_opens_any_of_it(number, typed):
    agent = Client()
    agent.force_login(staff("agent"))
    for path in ("", "new/", f"{number.pk}/", f"{number.pk}/removal/"):
        assert agent.get(f"/setup/whatsapp/{path}").status_code in (403, 404)
    for path in ("check", "subscription", "switching", "removal"):
        assert agent.post(f"/setup/whatsapp/{number.pk}/{path}/").status_code in (403, 404)
    assert agent.post(NEW, {**typed, "number_id": "5"}).status_code in (403, 404)
    assert Channel.objects.count() == 1


def test_a_mailbox_is_no_number(web, number):
    from deskbell.channels.actions import add_channel

    mailbox = add_channel("email", name="S", address="support@desk.example")
    assert web.get(f"/setup/whatsapp/{mailbox.pk}/").status_code == 404
    assert web.get(f"/setup/mailboxes/{number.pk}/").status_code == 404


def test_a_list_of_three_asks_as_often_as_one_of_one(web, number):
    with CaptureQueriesContext(
        connection,
    ) as one:
        page(web, "/setup/whatsapp/")
    for n in range(2):
        add_whatsapp(f"More {n}", Given(f"7{n}", "8", "t", "s"))
    OutboxItem.objects.create(
        driver="whatsapp-cloud",
        channel_id=number.pk,
        recipient=ASHA,
        kind="ticket.reply",
        cause_kind="x",
        cause_id=1,
    )
    with CaptureQueriesContext(connection) as three:
        text = page(web, "/setup/whatsapp/")
    assert "1 message waits to leave" in text
    assert len(three) <= len(one)


# --- the ledgers --------------------------------------------------------------------------------


def test_a_received_message_reads_as_a_person_reads_it(web, number, sim):
    (item,) = came(number, sim, sim.text(ASHA, "Drucker <b>kaputt</b>", name="Asha Rao"))
    listed = page(web, "/setup/received/")
    assert f"+{ASHA}" in listed
    assert "to Chat" in listed
    text = page(web, f"/setup/received/{item.pk}/")
    assert "Drucker &lt;b&gt;kaputt&lt;/b&gt;</p>" in text
    assert f"+{ASHA} · Asha Rao" in text
    assert "ID at WhatsApp" in text
    assert f"/setup/senders/?sender=%2B{ASHA}" in text
    source = web.get(f"/setup/received/{item.pk}/source/")
    assert (source["Content-Type"], source.content) == ("application/json", bytes(item.raw))


def test_each_reason_is_a_sentence(web, number, sim):
    first = sim.text(ASHA, "Help")
    group = {**sim.text(ASHA, "all"), "group_id": "g"}
    reaction = sim.writes(ASHA, {"type": "reaction", "reaction": {"message_id": first["id"], "emoji": "👍"}})
    lost = sim.writes(ASHA, {"type": "reaction", "reaction": {"message_id": "wamid.none", "emoji": "👍"}})
    moved = sim.writes(ASHA, {"type": "system", "system": {"type": "user_changed_number", "wa_id": "4911"}})
    items = came(number, sim, first, first, group, reaction, lost, moved, sim.text("", "who am I?"))
    said = {item.reason: item.reason_text for item in items}
    assert set(said) == {
        "new", "same_message", "group", "reaction", "about_nothing", "number_changed", "no_sender",
    }  # fmt: skip
    listed = html.unescape(page(web, "/setup/received/"))
    for reason, sentence in said.items():
        assert reason == "new" or sentence in listed
        assert reason == "new" or sentence


def test_a_message_that_is_held_back_goes_through_intake_again(web, number, sim):
    (item,) = came(number, sim, sim.text("", "who am I?"))
    assert item.state == "quarantined"
    web.post(f"/setup/received/{item.pk}/replay/")
    assert InboundItem.objects.get(pk=item.pk).state == "received"


def test_what_cannot_be_read_is_shown_as_it_came(web, number):
    item = InboundItem.objects.create(channel=number, raw=b'{"odd', envelope_from=ASHA)
    assert "{&#34;odd" in page(web, f"/setup/received/{item.pk}/")


def test_parts_of_an_answer_and_their_number_are_told_under_sent(web, number):
    for n, kind in enumerate(("ticket.reply", "ticket.reply.1", "ticket.odd.1")):
        OutboxItem.objects.create(
            driver="whatsapp-cloud",
            channel_id=number.pk,
            recipient=ASHA,
            kind=kind,
            cause_kind="x",
            cause_id=n,
        )
    text = page(web, "/setup/sent/")
    assert f"+{ASHA}" in text
    for words in ("Reply · Chat", "Reply, part 2 · Chat", "ticket.odd.1 · Chat"):
        assert words in text


# --- command line and health --------------------------------------------------------------------


WORDS = {"phone_number_id": "5", "waba_id": "6", "app_secret": "s", "verify_token": "v", "access_token": "t"}


def test_the_command_line_takes_the_words_it_promises(db):
    queue = Queue.objects.order_by("position").first()
    channel = add_from_words("Chat", {**WORDS, "queue": queue.name, "greets": "no", "tells_hours": "no"})
    account = Account.of(channel)
    assert (account.number_id, account.waba_id, account.token) == ("5", "6", "t")
    assert (account.app_secret, account.verify_token, channel.queue) == ("s", "v", queue)
    assert (channel.whatsapp.greets, channel.whatsapp.tells_hours) == (False, False)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"phone": "1"}, "Unknown setting: phone"),
        ({"access_token": "", "waba_id": ""}, "A WhatsApp number needs waba_id, access_token"),
        ({"queue": "Nowhere"}, "There is no queue 'Nowhere'"),
        ({"access_token": "secret words"}, "access_token must be one word"),
        ({"version": "25"}, "version must be such as v25.0, not '25'"),
    ],
)
def test_the_command_line_refuses_in_a_sentence(db, change, said):
    with pytest.raises(BadChannel, match=re.escape(said)) as refused:
        add_from_words("Chat", {**WORDS, **change})
    assert "secret words" not in str(refused.value)
    assert not Channel.objects.exists()


def test_deskbell_check_tells_of_deliveries_that_wait_and_of_files_that_were_lost(number):
    assert health.whatsapp_finding().ok
    hook = Webhook.objects.create(channel=number, raw=b"{}")
    assert health.whatsapp_finding().ok  # a moment ago
    Webhook.objects.filter(pk=hook.pk).update(received_at=timezone.now() - timezone.timedelta(hours=1))
    AwaitedFile.objects.create(
        message=Message.objects.filter(ticket=ticket()).first(),
        channel=number,
        media_id="1",
        filename="photo",
        lost_at=timezone.now(),
    )
    found = health.whatsapp_finding()
    assert (found.ok, found.text) == (False, "1 delivery waits to be read; 1 file was lost within a day")
    whatsapp_health._note_health(
        number, "WhatsApp does not take the access token any more: give the number a new one"
    )
    assert "Chat: WhatsApp does not take the access token" in health.channels_finding().text
