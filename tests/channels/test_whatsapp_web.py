"""WhatsApp Web: a linked device behind a gateway, unofficial, and therefore careful."""

from __future__ import annotations

import json
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from deskbell.channels import queries
from deskbell.channels.actions import webhooks
from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.actions.access import BadChannel
from deskbell.channels.actions.reactions import NoReaction, react
from deskbell.channels.models import Channel, DeviceMessage, InboundItem, LinkedDevice, Webhook
from deskbell.channels.whatsapp_web import words
from deskbell.events.models import Event
from deskbell.gateway.protocol import HEADER, sign
from deskbell.outbox import actions as outbox
from deskbell.outbox import delivery, jobs
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import Identity, User
from deskbell.tickets import actions as tickets
from deskbell.tickets.models import Attachment, Conversation, Message, Ticket
from tests.channels.chatting import PNG
from tests.channels.linking import answer, send_all, work
from tests.stories import fresh, staff
from tests.support.gateway import CHAT, LID, PN


@pytest.fixture
def number(linked) -> Channel:
    return linked


def only_item() -> OutboxItem:
    return OutboxItem.objects.get(driver="whatsapp-web")


def worked_off(item: OutboxItem) -> None:
    """What a worker does with the job of an item that is due."""
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs where task_name = 'outbox.send'")
    OutboxItem.objects.filter(pk=item.pk).update(next_try_at=timezone.now())
    jobs.send(item_id=item.pk)


def tries(item: OutboxItem) -> list[bool]:
    """Whether a worker may take it now, for each job that tries it: the first one holds the others up."""
    all_jobs = ProcrastinateJob.objects.filter(task_name="outbox.send", status="todo").order_by("id")
    return [job.scheduled_at is None for job in all_jobs if job.args == {"item_id": item.pk}]


# --- the number -----------------------------------------------------------------------------------


def test_a_new_number_is_off_until_somebody_accepts_the_risk_which_is_kept_and_audited(db, gateway):
    owner = staff("owner")
    channel = numbers.add_linked("", numbers.Given("+49 (30) 900-000"), by=owner)
    assert (channel.state, channel.address, channel.name) == ("off", "4930900000", "+4930900000")
    with pytest.raises(numbers.NotAccepted):
        numbers.switch_linked(channel, on=True, by=owner)
    numbers.accept_risk(channel, by=owner)
    numbers.accept_risk(channel, by=owner)
    device = LinkedDevice.objects.select_related("channel").get()
    assert (device.accepted_by, device.channel.state) == (owner, "ok")
    assert Event.objects.filter(kind="channel.risk_accepted").count() == 1


@pytest.mark.parametrize("phone", ["", "030 900000", "+49", "+49 30 x", "1234567890123456"])
def test_a_number_that_is_none_is_refused(db, phone):
    with pytest.raises(BadChannel):
        numbers.add_linked("x", numbers.Given(phone))
    assert not Channel.objects.filter(kind="whatsapp-web").exists()


def test_the_command_line_takes_phone_and_limits_and_refuses_what_it_does_not_know(db):
    channel = numbers.add_from_words("Spare", {"phone": "+4930900000", "reply_days": "7", "greets": "no"})
    assert (channel.device.reply_days, channel.whatsapp.greets) == (7, False)
    for words_given in (
        {},
        {"phone": "+4930900001", "colour": "red"},
        {"phone": "+4930900001", "reply_days": "x"},
    ):
        with pytest.raises(BadChannel):
            numbers.add_from_words("Bad", words_given)


@pytest.mark.parametrize("wrong", ["secret", "body", "old"])
def test_events_that_are_not_signed_by_the_gateway_are_refused_and_not_kept(number, gateway, client, wrong):
    body, path = b'{"v":1,"events":[]}', f"/channels/whatsapp-web/{number.uuid}/"
    header = sign(
        "guess" if wrong == "secret" else gateway.secret,
        "POST",
        path,
        body,
        now=1 if wrong == "old" else None,
    )
    body += b" " if wrong == "body" else b""
    answer = client.post(path, body, content_type="application/json", headers={HEADER: header})
    assert (answer.status_code, Webhook.objects.count()) == (401, 0)


def test_a_number_that_is_off_takes_nothing_so_that_the_gateway_keeps_it(number, gateway, tell):
    numbers.switch_linked(number, on=False, by=staff("owner"))
    gateway.write("Hello")
    assert (tell(keep=True), Webhook.objects.count()) == (503, 0)


# --- in -------------------------------------------------------------------------------------------


def test_a_message_becomes_a_ticket_and_the_next_one_goes_on_with_it(number, gateway, tell):
    gateway.write("The printer is offline again")
    assert tell() == 200
    gateway.write("It beeps")
    tell()
    ticket = Ticket.objects.get()
    assert (ticket.subject, ticket.channel, ticket.requester.name) == (
        "The printer is offline again", "whatsapp", "Asha Rao",
    )  # fmt: skip
    assert [each.text for each in ticket.messages.order_by("pk")] == [
        "The printer is offline again",
        "It beeps",
    ]
    assert ticket.conversation.address == CHAT
    assert ticket.conversation.open_until - ticket.conversation.last_in_at == timedelta(days=30)


def test_the_same_events_again_change_nothing_but_the_count_of_duplicates(number, gateway, tell):
    gateway.write("Hello")
    gateway.receipt("read", "nobody")
    for _each in range(3):
        tell(keep=True)
    assert Message.objects.count() == 1
    totals = queries.totals()
    assert (totals["received"], totals["ticketed"], totals["duplicate"], totals["balanced"]) == (
        3,
        1,
        2,
        True,
    )


def test_one_bad_event_never_stops_the_next(number, gateway, tell):
    gateway.events += [
        None,
        {"type": "message"},
        {"type": "message", "data": {"chat": 7}},
        {"type": "dance", "data": {}},
    ]
    gateway.write("Hello")
    assert tell() == 200
    assert Ticket.objects.get().subject == "Hello"
    assert "dance" in Webhook.objects.get().problem


def test_a_person_known_by_a_hidden_id_alone_is_never_shown_as_a_number_and_is_the_same_when_it_is_learned(
    number, gateway, tell
):
    gateway.write("First", pn="", lid=LID)
    tell()
    person = Ticket.objects.get().requester
    assert list(person.identities.values_list("kind", "key")) == [("wa_lid", LID)]
    gateway.write("Second", pn=PN, lid=LID, chat=LID)
    tell()
    gateway.write("Third", pn=PN, lid=LID)  # the chat itself is another one now
    tell()
    assert [each.text for each in Ticket.objects.get().messages.order_by("pk")] == [
        "First",
        "Second",
        "Third",
    ]
    assert set(person.identities.values_list("kind", "key")) == {("wa_lid", LID), ("wa_id", PN)}
    assert Conversation.objects.get().address == CHAT


def test_an_answer_goes_to_the_chat_the_message_came_from(number, gateway, tell, at_once):
    gateway.write("Hello", pn=PN, lid=LID, chat=LID)
    tell()
    answer(Ticket.objects.get())
    assert [each["chat"] for each in gateway.messages.values()] == [LID]


def test_one_customer_at_an_api_number_and_at_a_web_number_is_one_person(number, gateway, tell):
    from deskbell.people.actions import person_for_whatsapp

    known, _made = person_for_whatsapp(wa_id=PN, bsuid="", scope="waba", name="Asha Rao")
    gateway.write("Hello", lid=LID)
    tell()
    assert Ticket.objects.get().requester == known
    assert User.objects.filter(identities__key=PN).distinct().count() == 1


def test_a_burst_of_photos_is_one_ticket_with_all_of_them(number, gateway, tell):
    for each in range(5):
        gateway.media[f"m_{each}"] = PNG + bytes([each])
        media = {"token": f"m_{each}", "mime": "image/png", "size": 10}
        gateway.write("", kind="image", media=media)
    tell()
    assert Ticket.objects.get().subject == "Photo from Asha Rao"
    assert sorted(Attachment.objects.values_list("filename", flat=True)) == ["photo.png"] * 5
    assert {each.blob.size for each in Attachment.objects.all()} == {len(PNG) + 1}


def test_a_file_that_does_not_come_waits_and_is_fetched_later(number, gateway, tell):
    media = {"token": "m_late", "mime": "application/pdf", "size": 10, "filename": "offer.pdf"}
    gateway.write("See this", kind="document", media=media)
    tell()
    message = Message.objects.get()
    assert message.details["whatsapp"]["file"] == "waiting"
    gateway.media["m_late"] = b"%PDF-1.4 late"
    (awaited,) = webhooks.awaited_now()
    webhooks.fetch_awaited(awaited)
    assert Attachment.objects.get().filename == "offer.pdf"
    message.refresh_from_db()
    assert "file" not in message.details["whatsapp"]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"kind": "location", "location": {"latitude": 52.5, "longitude": 13.4, "name": "Office"}}, "Office"),
        (
            {
                "kind": "contacts",
                "contacts": [{"name": "Ravi", "phones": ["+91 1"], "emails": ["r@x.example"]}],
            },
            "Ravi, +91 1, r@x.example",
        ),
        ({"kind": "poll", "text": "When?\n• Monday"}, "When?\n• Monday"),
        ({"kind": "event"}, "(A message of a kind that cannot be shown here: event)"),
        ({"kind": "undecryptable"}, "(Waiting for this message. It may take"),
    ],
)  # fmt: skip
def test_every_kind_of_message_is_readable(number, gateway, tell, more, text):
    gateway.write(**more)
    tell()
    assert Message.objects.get().text.startswith(text)


def test_a_message_that_could_not_be_decrypted_is_replaced_by_its_words_in_either_order(
    number, gateway, tell
):
    gateway.write("Hello")
    gateway.write(kind="undecryptable", msg_id="LATE")
    tell()
    gateway.write("The real words", msg_id="LATE")
    gateway.write(kind="undecryptable", msg_id="LATE")
    tell()
    gateway.write("Read at once", msg_id="EARLY")
    gateway.write(kind="undecryptable", msg_id="EARLY")
    tell()
    texts = [each.text for each in Message.objects.order_by("pk")]
    assert texts == ["Hello", "The real words", "Read at once"]


def test_edits_revokes_and_reactions_stand_at_their_message_without_waking_the_ticket(number, gateway, tell):
    first = gateway.write("Hello")
    tell()
    ticket = Ticket.objects.get()
    tickets.resolve(ticket, by=staff("owner"))
    gateway.write("Hello there", kind="edit", edit_of=first)
    gateway.write("", kind="revoke", edit_of=first)
    gateway.write("👍", kind="reaction", edit_of=first)
    tell()
    assert fresh(ticket).category == "resolved"
    message = Message.objects.get()
    assert (message.text, [each["text"] for each in message.before]) == ("Hello there", ["Hello"])
    assert message.taken_back
    assert message.details["whatsapp"]["reactions"] == {"theirs": "👍"}


def test_a_sign_of_ours_leaves_by_the_linked_device(number, gateway, tell, at_once):
    first = gateway.write("Hello")
    tell()
    message, agent = Message.objects.get(), staff("agent")
    react(message, "🙏", by=agent)
    react(message, "", by=agent)
    with pytest.raises(NoReaction):
        react(message, "🤡", by=agent)
    for _one_after_the_other in range(2):
        send_all()
        tell()
    told = [(each["kind"], each["text"], each["reply_to"]) for each in gateway.messages.values()]
    assert told == [("reaction", "🙏", first), ("reaction", "", first)]
    assert set(OutboxItem.objects.values_list("state", flat=True)) == {"sent"}


def test_what_is_written_on_the_phone_stands_on_the_ticket_and_is_not_sent_again(
    number, gateway, tell, at_once
):
    gateway.write("Hello")
    tell()
    assert fresh(Ticket.objects.get()).waiting_since is not None
    gateway.phone_writes("We are on our way")
    tell()
    work()
    ticket, message = Ticket.objects.get(), Message.objects.order_by("-pk")[0]
    assert (message.text, message.direction, message.author) == ("We are on our way", "out", None)
    assert (ticket.waiting_since, ticket.first_responded_at is not None) == (None, True)
    assert gateway.messages == {}
    assert OutboxItem.objects.count() == 0


def test_what_is_written_on_the_phone_to_a_stranger_opens_nothing(number, gateway, tell):
    gateway.phone_writes("Lunch?", chat="4915112345@s.whatsapp.net")
    tell()
    assert (Ticket.objects.count(), InboundItem.objects.get().state) == (0, "blocked")


def test_our_own_message_told_back_is_no_second_one(number, gateway, tell, at_once):
    gateway.write("Hello")
    tell()
    answer(Ticket.objects.get())
    tell()
    sent_as = only_item().external_id
    gateway.phone_writes("Please restart it.", msg_id=sent_as)
    tell()
    assert Message.objects.filter(direction="out").count() == 1


def test_groups_status_and_newsletters_are_left_alone_and_counted(number, gateway, tell):
    gateway.write("Party", chat="1203@g.us")
    gateway.events[0]["data"]["chat"] = {"id": "1203@g.us", "kind": "group"}
    gateway.tell("ignored", {"totals": {"group": 12, "status": 3}})
    gateway.tell("ignored", {"totals": {"group": 11, "status": 3}})
    tell()
    assert (Ticket.objects.count(), InboundItem.objects.get().state) == (0, "blocked")
    assert LinkedDevice.objects.get().ignored == {"group": 12, "status": 3}


def test_a_flood_of_history_is_dropped(number, gateway, tell):
    for start in range(0, 5000, 100):
        for each in range(100):
            gateway.write(f"Old {start + each}", history=True)
        tell()
    assert (Ticket.objects.count(), InboundItem.objects.count()) == (0, 0)
    assert LinkedDevice.objects.get().ignored == {"history": 5000}


def test_a_clock_that_is_wrong_does_not_date_a_message(number, gateway, tell):
    gateway.write("From the future", ts=int(time.time()) + 86_400)
    gateway.write("From 1970", ts=5)
    gateway.write("No clock", ts="soon")
    tell()
    assert [each.sent_at for each in Message.objects.all()] == [None, None, None]


# --- out ------------------------------------------------------------------------------------------


@pytest.fixture
def ticket(number, gateway, tell, at_once) -> Ticket:
    gateway.write("Hello", msg_id="IN1")
    tell()
    return Ticket.objects.get()


def test_an_answer_is_handed_over_once_and_its_way_is_followed(ticket, gateway, tell):
    gateway.silent = True
    answer(ticket, "**Please** restart it.")
    (message,) = gateway.messages.values()
    assert (message["kind"], message["text"], message["read"]) == ("text", "*Please* restart it.", ["IN1"])
    assert 1000 <= message["typing_ms"] <= 4000
    assert (only_item().state, only_item().error_text) == ("queued", words.HANDED)
    for _each in range(3):
        send_all()
    assert len(gateway.handed) == 1
    gateway.settle(next(iter(gateway.messages)))
    gateway.receipt("read", "OUT1")
    gateway.receipt("delivered", "OUT1")
    tell(keep=True)
    tell()
    item = only_item()
    assert (item.state, item.external_id) == ("read", "OUT1")


def test_a_receipt_before_its_result_is_not_lost(ticket, gateway, tell):
    gateway.silent = True
    answer(ticket)
    gateway.receipt("delivered", "OUT1", "OTHER")
    tell()
    gateway.settle(next(iter(gateway.messages)))
    tell()
    assert only_item().state == "delivered"


def test_a_result_that_was_never_told_is_asked_for(ticket, gateway):
    answer(ticket)
    gateway.events.clear()
    send_all()
    assert (only_item().state, only_item().external_id, len(gateway.handed)) == ("sent", "OUT1", 1)


def test_a_gateway_that_hangs_up_after_it_took_the_message_gets_it_once(ticket, gateway):
    gateway.hang_up = True
    answer(ticket)
    assert only_item().state == "queued"
    gateway.hang_up = False
    send_all()
    send_all()
    assert len(gateway.messages) == 1
    assert only_item().state == "sent"


def test_a_gateway_that_forgot_what_it_took_is_not_given_it_again(ticket, gateway):
    gateway.silent = True
    answer(ticket)
    gateway.messages.clear()
    gateway.outcomes.clear()
    send_all()
    item = only_item()
    assert (item.state, item.error_text, len(gateway.handed)) == ("unknown", words.FORGOTTEN, 1)


def test_an_unknown_end_is_unknown_until_somebody_sends_it_again_by_hand(ticket, gateway, tell):
    gateway.refuse = ("timeout_unknown", None)
    answer(ticket)
    tell()
    assert (only_item().state, only_item().error_code) == ("unknown", "timeout_unknown")
    gateway.refuse = None
    send_all()
    assert len(gateway.handed) == 1
    outbox.retry(only_item().pk, by=staff("owner"))
    send_all()
    tell()
    assert (only_item().state, len(gateway.messages)) == ("sent", 2)


@pytest.mark.parametrize(
    "code", ["not_on_whatsapp", "invalid_recipient", "media_too_big", "internal", "what is this"]
)
def test_a_refused_message_says_why_in_words(ticket, gateway, tell, code):
    gateway.refuse = (code, None)
    answer(ticket)
    tell()
    assert (only_item().state, only_item().error_text) == ("failed", words.of(code))
    assert LinkedDevice.objects.get().may_send


def test_files_leave_as_what_they_are_after_the_words(ticket, gateway, tell):
    from io import BytesIO

    owner = staff("owner")
    upload = tickets.upload(BytesIO(PNG), filename="plan.png", by=owner)
    answer(ticket, "Look", by=owner, uploads=[upload.pk])
    tell()
    send_all()
    text, picture = gateway.messages.values()
    assert (text["text"], picture["kind"], picture["filename"]) == ("Look", "image", "plan.png")
    assert gateway.files[picture["media_ref"]] == PNG


def test_nothing_is_sent_to_somebody_who_has_not_written_for_too_long(ticket, gateway):
    Conversation.objects.update(open_until=timezone.now())
    with pytest.raises(tickets.ChatClosed):
        answer(ticket)
    assert gateway.handed == []


def test_messages_leave_one_after_the_other_with_a_pause(number, gateway, tell):
    for person in ("4911", "4912"):
        gateway.write("Hello", pn=f"{person}0000000")
    tell()
    for each in Ticket.objects.order_by("pk"):
        answer(each, f"To {each.pk}")
    assert len(gateway.handed) == 1
    waiting = OutboxItem.objects.get(error_code="pace")
    assert 0 < (waiting.next_try_at - timezone.now()).total_seconds() <= 6
    DeviceMessage.objects.update(at=timezone.now() - timedelta(seconds=9), next_at=timezone.now())
    send_all()
    assert len(gateway.messages) == 2


@pytest.mark.parametrize(
    ("limit", "code"), [("people_per_hour", "people_per_hour"), ("messages_per_day", "messages_per_day")]
)
def test_no_more_people_an_hour_and_messages_a_day_than_is_set(number, gateway, tell, at_once, limit, code):
    LinkedDevice.objects.update(**{limit: 2})
    for each in range(3):
        gateway.write("Hello", pn=f"491100000{each}")
    tell()
    for each in Ticket.objects.order_by("pk"):
        answer(each, f"To {each.pk}")
    assert len(gateway.messages) == 2
    assert OutboxItem.objects.get(state="queued", error_code=code).error_text
    old = timezone.now() - timedelta(days=2)
    DeviceMessage.objects.update(at=old)
    send_all()
    assert len(gateway.messages) == 3


def test_the_same_text_to_many_is_stopped_with_an_alert(number, gateway, tell, at_once):
    for each in range(6):
        gateway.write("Hello", pn=f"491100000{each}")
    tell()
    for each in Ticket.objects.order_by("pk"):
        answer(each, "Our  OFFER for you")
    assert len(gateway.messages) == 5
    assert OutboxItem.objects.get(error_code="same_text").state == "failed"
    assert Event.objects.filter(kind="channel.same_text_stopped").count() == 1


# --- how the link is ------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["LOGGED_OUT", "CONFLICT", "OUTDATED", "BANNED", "MISSING", "STOPPED"])
def test_a_link_that_has_ended_is_a_channel_that_is_down_and_answers_wait(ticket, gateway, tell, state):
    until = time.time() + 3600
    gateway.link(state, until=until if state == "BANNED" else None)
    tell()
    channel = Channel.objects.get(kind="whatsapp-web")
    device = LinkedDevice.objects.get()
    assert (channel.state, channel.last_error) == ("down", words.LINKS[device.link_state])
    answer(ticket)
    assert (gateway.handed, only_item().state) == ([], "queued")
    assert only_item().error_text == channel.last_error
    worked_off(only_item())
    assert (only_item().next_try_at > timezone.now(), tries(only_item())) == (True, [False])
    gateway.scan()
    tell()
    assert Channel.objects.get(kind="whatsapp-web").state == "ok"
    assert (only_item().next_try_at > timezone.now(), tries(only_item())) == (False, [True])
    delivery.send_item(only_item().pk)
    assert len(gateway.messages) == 1
    changes = Event.objects.filter(kind="channel.link_changed").order_by("pk")
    assert [each.data["after"] for each in changes] == [state, "WORKING"]


def test_an_older_state_says_nothing_new(number, gateway, tell):
    gateway.link("LOGGED_OUT")
    gateway.link("WORKING", at=time.time() - 60)
    tell()
    assert LinkedDevice.objects.get().link_state == "LOGGED_OUT"


def test_a_time_lock_stops_all_until_it_is_over_and_automatic_words_are_left_out(ticket, gateway, tell):
    gateway.refuse = ("reachout_locked", time.time() + 3600)
    answer(ticket)
    tell()
    device = LinkedDevice.objects.get()
    assert (device.link_state, device.send_state, device.may_send) == ("WORKING", "restricted", False)
    gateway.refuse = None
    answer(ticket, "Second")
    tickets.resolve(fresh(ticket), by=staff("owner"))
    work()
    assert len(gateway.handed) == 1
    assert (
        list(OutboxItem.objects.filter(driver="whatsapp-web").values_list("kind", flat=True))
        == ["ticket.reply"] * 2
    )
    LinkedDevice.objects.update(until=timezone.now())
    send_all()
    assert len(gateway.handed) == 2


def test_of_automatic_words_only_the_greeting_leaves(number, gateway, tell, at_once):
    number.whatsapp.greets = True
    number.whatsapp.save()
    gateway.write("Hello")
    tell()
    work()
    tickets.resolve(Ticket.objects.get(), by=staff("owner"))
    work()
    (greeting,) = gateway.messages.values()
    assert greeting["text"].startswith("Thank you, we have your message.")


def test_one_person_who_cannot_be_written_to_stops_nobody_else_but_two_in_a_row_do(
    number, gateway, tell, at_once
):
    for each in range(2):
        gateway.write("Hello", pn=f"491100000{each}")
    tell()
    gateway.refuse = ("reachout_locked", None)
    first, second = Ticket.objects.order_by("pk")
    answer(first, "One")
    tell()
    assert LinkedDevice.objects.get().may_send
    answer(second, "Two")
    tell()
    assert LinkedDevice.objects.get().send_state == "restricted"


def test_an_administrator_pauses_sending_while_messages_still_come_in(ticket, gateway, tell):
    owner, channel = staff("owner"), Channel.objects.get(kind="whatsapp-web")
    numbers.pause(channel, paused=True, by=owner)
    answer(ticket)
    assert (gateway.handed, only_item().error_text) == ([], words.PAUSED)
    gateway.link("WORKING", send_state="ok")
    gateway.write("Are you there?")
    tell()
    assert (Message.objects.filter(direction="in").count(), LinkedDevice.objects.get().send_state) == (
        2,
        "paused",
    )
    numbers.pause(channel, paused=False, by=owner)
    assert only_item().next_try_at <= timezone.now()
    send_all()
    assert len(gateway.messages) == 1
    assert Event.objects.filter(kind="channel.sending_paused").count() == 2


def test_pairing_shows_a_code_that_is_stored_nowhere(number, gateway, tell):
    owner = staff("owner")
    gateway.link("LOGGED_OUT")
    tell()
    session = numbers.connect(number, by=owner)
    assert (session.link_state, session.qr) == ("PAIRING", "2@abc,def,ghi")
    assert numbers.pair_code(number, by=owner) == "ABCD-1234"
    tell()
    kept = [bytes(each.raw) for each in Webhook.objects.all()]
    assert not any(b"2@abc" in each or b"ABCD" in each for each in kept)
    assert "2@abc" not in json.dumps(list(Event.objects.values_list("data", flat=True)))
    gateway.scan()
    tell()
    device = LinkedDevice.objects.select_related("channel__whatsapp").get()
    assert (device.link_state, device.channel.whatsapp.verified_name) == ("WORKING", "Support")


def test_unlinking_logs_out_and_a_gateway_that_is_away_is_said_so(number, gateway, tell):
    owner = staff("owner")
    numbers.unlink(number, by=owner)
    assert LinkedDevice.objects.get().link_state == "LOGGED_OUT"
    LinkedDevice.objects.update(gateway="http://127.0.0.1:9")
    number = Channel.objects.select_related("device").get(pk=number.pk)
    with pytest.raises(numbers.GatewaySilent, match="does not answer"):
        numbers.connect(number, by=owner)


def test_a_gateway_with_another_secret_is_said_to_have_it(ticket, gateway, number):
    gateway.secret = "another"
    answer(ticket)
    assert (only_item().state, only_item().error_text) == ("queued", words.REFUSED)


def test_identities_of_hidden_ids_are_not_offered_as_phones(ticket, gateway, tell):
    from deskbell.desk.reading import around

    gateway.write("More", lid=LID)
    tell()
    assert Identity.objects.filter(kind="wa_lid").exists()
    assert around(staff("owner"), fresh(ticket)).phones == [f"+{PN}"]
