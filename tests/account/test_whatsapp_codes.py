"""Signing in by a code by WhatsApp: for whom, how often, and what becomes of the code."""

from __future__ import annotations

import html
import logging
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from deskbell.account import whatsapp
from deskbell.channels.actions import whatsapp_codes
from deskbell.channels.actions.references import make_reference
from deskbell.channels.models import Channel, DeliveredMessage, MessageTemplate
from deskbell.channels.whatsapp import outgoing, templates
from deskbell.demo.whatsapp.sim import Rule
from deskbell.events.actor import SYSTEM
from deskbell.kit.secrets import unseal
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions, jobs
from deskbell.people.devices import history_of
from deskbell.people.models import Identity, User
from deskbell.people.telling import sign_in_line
from deskbell.tickets.models import Conversation, Message, Ticket
from tests.account.codes_by_whatsapp import (
    ROSA,
    ask,
    bound,
    code_in,
    enter,
    hear,
    number_row,
    put_codes,
    signed_in,
    work_off,
)
from tests.account.conftest import PASSWORD
from tests.account.test_second_factor import code_for, with_factor

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("approved")]


@pytest.fixture(autouse=True)
def no_limits_yet() -> None:
    cache.clear()


@pytest.fixture
def rosa(post, sim) -> User:
    """She came by WhatsApp, and we know nothing else of her."""
    post(sim.text(ROSA, "My screen is black", name="Rosa Menardi"))
    return Ticket.objects.get().requester


@pytest.fixture
def mira() -> User:
    """She works here, and showed that the number is hers."""
    return bound(actions.create_user("mira@example.com", name="Mira Holm", role="agent"), ROSA)


def told(person: User) -> list[str]:
    return [sign_in_line(event).what for event in history_of(person)]


def written(client: Client, sim, phone: str = "+44 7700 900731") -> list[str]:
    """To whom a code left when somebody asked for one; what he asked for before is given up."""
    before = len(sim.sent)
    client.post("/signin/code/confirm/", {"leave": "1"})
    answer = ask(client, phone)
    assert (answer.status_code, answer["Location"]) == (302, "/signin/code/confirm/")
    work_off()
    return [each.to for each in sim.sent[before:]]


# --- the way in -----------------------------------------------------------------------------------


def test_who_came_by_whatsapp_signs_in_by_it(client, rosa, sim, approved):
    assert "Send me a code by WhatsApp" in client.get("/signin/").content.decode()
    assert written(client, sim) == [ROSA]
    page = client.get("/signin/code/confirm/").content.decode()
    assert "+447700900731, a code is on its way to it by WhatsApp" in page
    before = client.session.session_key
    code = code_in(sim)
    answer = enter(client, code.lower().replace("-", " "))
    assert (answer["Location"], signed_in(client)) == ("/", rosa.pk)
    assert client.session.session_key != before
    assert told(rosa) == ["signed in with a code by WhatsApp"]
    assert client.get("/portal/").status_code == client.get("/account/").status_code == 200
    again = Client()
    again.cookies["deskbell"] = before  # the session in which the code was asked for
    assert signed_in(again) is None


def test_the_message_is_as_whatsapp_wants_it_and_belongs_to_no_ticket(client, rosa, sim, approved):
    tickets, messages = Ticket.objects.count(), Message.objects.count()
    written(client, sim)
    sent, code = sim.sent[-1], code_in(sim)
    given = [{"type": "text", "text": code}]
    assert {key: value for key, value in sent.body.items() if key != "biz_opaque_callback_data"} == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": f"+{ROSA}",
        "type": "template",
        "template": {
            "name": "sign_in_code",
            "language": {"code": "en_US"},
            "components": [
                {"type": "body", "parameters": given},
                {"type": "button", "sub_type": "url", "index": "0", "parameters": given},
            ],
        },
    }
    assert (Ticket.objects.count(), Message.objects.count()) == (tickets, messages)
    item = OutboxItem.objects.get(kind="account.login_code")
    assert (item.state, item.payload, item.ticket_id) == ("sent", None, None)
    hear(approved, sim.envelope(statuses=[sim.status(sent, "delivered")]))
    item.refresh_from_db()
    assert item.state == "delivered"
    counted = DeliveredMessage.objects.get(external_id=sent.wamid)
    assert (counted.category, counted.charged) == ("authentication", True)


def test_the_code_comes_in_the_persons_language(client, rosa, sim):
    User.objects.filter(pk=rosa.pk).update(language="de")
    written(client, sim)
    assert sim.sent[-1].body["template"]["language"] == {"code": "de"}


@pytest.mark.parametrize(
    "phone",
    [
        "+447700900731",
        "+44 (7700) 900-731",
        "0044 7700 900731",
        "447700900731",
        "07700 900731",  # as in the country of the desk's own number
        " +44.7700.900.731 ",
    ],
)
def test_a_number_may_be_written_in_any_usual_way(client, rosa, sim, phone):
    assert written(client, sim, phone) == [ROSA]


@pytest.mark.parametrize(
    "phone", ["", "rosa@example.com", "12", "+44", "0", "+4477009007310000000", "my number"]
)
def test_what_is_no_number_is_said_and_kept(client, rosa, sim, phone):
    answer = ask(client, phone)
    assert answer.status_code == 200
    assert "field-error" in answer.content.decode()
    assert html.escape(phone.strip()) in answer.content.decode()
    work_off()
    assert sim.sent == []


def test_mexican_numbers_are_found_and_written_to_as_whatsapp_has_them(client, post, sim):
    post(sim.text("5215512345678", "Hola", name="Lucía"))
    assert written(client, sim, "+52 55 1234 5678") == ["5215512345678"]
    assert written(client, sim, "+52 1 55 1234 5678") == ["5215512345678"]


def test_the_phone_page_leads_to_the_phone_page_and_stays_signed_in(client, sim):
    kofi = bound(actions.create_user("kofi@example.com", name="Kofi", role="engineer"), ROSA)
    page = client.get("/field/signin/").content.decode()
    assert 'href="/signin/whatsapp/?phone_page=1&amp;next=%2Ffield%2F"' in page
    form = client.get("/signin/whatsapp/?phone_page=1&next=/field/").content.decode()
    assert 'name="stay" value="1" checked' in form
    answer = ask(client, ROSA, phone_page="1", next="/field/", stay="1")
    assert answer["Location"] == "/signin/code/confirm/?next=%2Ffield%2F"
    work_off()
    done = client.post("/signin/code/confirm/", {"code": code_in(sim), "next": "/field/"})
    assert (done["Location"], signed_in(client)) == ("/field/", kofi.pk)
    assert told(kofi) == ["signed in with a code by WhatsApp on the phone page"]
    assert client.session.get_expiry_age() > 20 * 24 * 3600


def test_a_second_factor_is_asked_for_all_the_same(client, mira, sim):
    secret = with_factor(mira)
    written(client, sim)
    assert enter(client, code_in(sim))["Location"] == "/signin/second-factor/"
    assert signed_in(client) is None
    client.post("/signin/second-factor/", {"code": code_for(secret)})
    assert signed_in(client) == mira.pk
    assert told(mira) == ["signed in with a code by WhatsApp"]


def test_a_role_that_asks_for_a_second_factor_leads_to_setting_one_up(client, mira, sim):
    from deskbell.people.models import Role

    Role.objects.filter(slug="agent").update(needs_second_factor=True)
    written(client, sim)
    enter(client, code_in(sim))
    assert client.get("/desk/")["Location"].startswith("/account/second-factor/setup/")


# --- whose number it is ---------------------------------------------------------------------------


def test_a_number_that_somebody_noted_of_a_person_signs_nobody_in(client, post, sim):
    lena, _ = actions.person_for_email("lena@example.com", name="Lena", how="mail")
    actions.add_identity(lena, "phone", "+44 7700 900731", by=SYSTEM)
    assert written(client, sim) == []
    post(sim.text(ROSA, "Hello", name="Somebody"))  # whoever really has that number
    assert number_row(ROSA).user == lena
    assert written(client, sim) == []


def test_a_chat_of_somebody_whose_address_was_only_told_does_not_open_his_mails(client, rosa, sim):
    actions.add_identity(rosa, "phone", "+44 7700 900731", by=SYSTEM)  # the very number
    assert written(client, sim) == [ROSA]
    cache.clear()
    told = actions.add_identity(rosa, "email", "lena@example.com", by=SYSTEM)
    assert written(client, sim) == []
    actions.remove_address(told, by=SYSTEM)  # what came by it stays
    assert written(client, sim) == []
    cache.clear()
    bound(rosa, ROSA)
    assert written(client, sim) == [ROSA]


def test_another_number_that_was_only_told_counts_as_told(client, rosa, sim):
    actions.add_identity(rosa, "phone", "+44 7700 900999", by=SYSTEM)
    assert written(client, sim) == []


def test_what_comes_to_a_person_by_another_way_counts_as_told(rosa):
    """As when two people are merged."""
    assert whatsapp_codes.number_of(ROSA) is not None
    Identity.objects.create(user=rosa, kind="phone", key=f"+{ROSA}", given=ROSA)
    assert whatsapp_codes.number_of(ROSA) is not None
    told = Identity.objects.create(user=rosa, kind="wa_id", key="447700900999", given="+447700900999")
    assert whatsapp_codes.number_of(ROSA) is None
    Identity.objects.filter(pk=told.pk).update(proven_at=timezone.now(), proven_how="came")
    assert whatsapp_codes.number_of(ROSA) is not None
    Identity.objects.create(user=rosa, kind="email", key="lena@example.com", given="lena@example.com")
    assert whatsapp_codes.number_of(ROSA) is None


def test_who_sends_the_sign_of_the_portal_from_his_phone_signs_in_by_it(client, post, sim):
    lena = actions.create_user("lena@example.com", name="Lena", role="customer", password=PASSWORD)
    post(sim.text(ROSA, f"Hello [ref:{make_reference(lena)}]", name="Lena"))
    assert number_row(ROSA).proven_how == "sign"
    written(client, sim)
    enter(client, code_in(sim))
    assert signed_in(client) == lena.pk


def test_a_mail_address_nobody_has_confirmed_keeps_nobody_out(client, sim):
    lena, _ = actions.person_for_email("lena@example.com", name="Lena", how="mail")
    bound(lena, ROSA)
    written(client, sim)
    assert enter(client, code_in(sim))["Location"] == "/"
    assert signed_in(client) == lena.pk
    assert lena.identities.get(kind="email").verified_at is None


def test_a_number_that_was_silent_for_long_is_not_believed(client, rosa, sim):
    long_ago = timezone.now() - timedelta(days=91)
    Identity.objects.filter(key=ROSA).update(proven_at=long_ago)
    assert written(client, sim) == [ROSA]  # she still writes
    Conversation.objects.update(last_in_at=long_ago)
    assert written(client, sim) == []


def test_a_number_that_wakes_up_after_long_signs_in_no_more(client, rosa, post, sim):
    long_ago = timezone.now() - timedelta(days=91)
    Conversation.objects.update(last_in_at=long_ago)
    Identity.objects.filter(key=ROSA).update(proven_at=long_ago)
    post(sim.text(ROSA, "Hello", name="Rosa"))
    assert Message.objects.latest("pk").author == rosa  # good enough for a chat
    assert (number_row(ROSA).proven_at, number_row(ROSA).proven_how) == (None, "")
    assert written(client, sim) == []


def test_a_number_that_whatsapp_knows_under_another_id_signs_in_no_more(client, post, sim):
    post(sim.text(ROSA, "Hello", name="Rosa", bsuid="GB.1"))
    assert written(client, sim) == [ROSA]
    post(sim.text(ROSA, "And?", name="Rosa", bsuid="GB.1"))
    assert written(client, sim) == [ROSA]
    post(sim.text(ROSA, "Hello", name="Rosa", bsuid="GB.2"))
    assert written(client, sim) == []


def test_a_second_number_may_have_an_id_of_its_own(client, post, sim):
    post(sim.text(ROSA, "Hello", name="Rosa", bsuid="GB.1"))
    rosa = number_row(ROSA).user
    bound(rosa, "447700900732")
    post(sim.text("447700900732", "Hello", name="Rosa", bsuid="GB.2"))
    assert written(client, sim, "+447700900732") == ["447700900732"]


def test_a_new_owner_with_a_new_name_signs_in_as_himself_alone(client, rosa, post, sim):
    Conversation.objects.update(last_in_at=timezone.now() - timedelta(days=91))
    post(sim.text(ROSA, "Hi", name="Ravi Shah"))
    written(client, sim)
    enter(client, code_in(sim))
    assert signed_in(client) == number_row(ROSA).user_id != rosa.pk


def test_a_number_that_moved_takes_its_proof_along(client, rosa, post, sim):
    node = {"type": "user_changed_number", "wa_id": "447700900888", "body": "changed"}
    post(sim.writes(ROSA, {"type": "system", "system": node}))
    assert written(client, sim) == []
    assert written(client, sim, "+447700900888") == ["447700900888"]


def test_signing_in_shows_that_the_number_is_still_his(client, rosa, sim):
    before = number_row(ROSA).proven_at
    written(client, sim)
    enter(client, code_in(sim))
    assert number_row(ROSA).proven_at > before
    assert number_row(ROSA).proven_how == "came"


def test_a_closed_account_stays_closed(client, mira, sim):
    boss = actions.create_user("boss@example.com", name="Boss", role="owner", password=PASSWORD)
    written(client, sim)
    code = code_in(sim)
    actions.deactivate(mira, by=boss)
    assert written(Client(), sim) == []
    enter(client, code)
    assert signed_in(client) is None


def test_a_number_that_was_taken_away_meanwhile_lets_nobody_in(client, mira, sim):
    written(client, sim)
    code = code_in(sim)
    actions.doubt_whatsapp(mira, ROSA)
    answer = client.post("/signin/code/confirm/", {"code": code}, follow=True)
    assert "Nobody can sign in by this number any more" in answer.content.decode()
    assert signed_in(client) is None


# --- the code -------------------------------------------------------------------------------------


def test_a_code_works_once(client, rosa, sim):
    written(client, sim)
    code = code_in(sim)
    enter(client, code)
    client.post("/signout/")
    assert enter(client, code).status_code == 302
    assert signed_in(client) is None


def test_a_new_code_makes_the_old_one_void(client, rosa, sim):
    written(client, sim)
    old = code_in(sim)
    written(client, sim)
    enter(client, old)
    assert signed_in(client) is None
    enter(client, code_in(sim))
    assert signed_in(client) == rosa.pk


def test_three_wrong_codes_end_it_and_are_told_to_the_person(client, rosa, sim):
    written(client, sim)
    for _ in range(3):
        enter(client, "WRONG")
    enter(client, code_in(sim))
    assert signed_in(client) is None
    from procrastinate.contrib.django.models import ProcrastinateJob

    noted = ProcrastinateJob.objects.filter(task_name="people.note_failed_sign_in").order_by("pk")
    assert len(noted) == 3
    for job in noted:
        jobs.note_failed_sign_in(**job.args)
    assert told(rosa) == ["was not let in: wrong code from WhatsApp"] * 3


def test_a_late_code_lets_nobody_in(client, rosa, sim, monkeypatch):
    from allauth.account.internal.flows import code_verification

    written(client, sim)
    now = code_verification.time.time()
    monkeypatch.setattr(code_verification.time, "time", lambda: now + 181)
    assert enter(client, code_in(sim))["Location"] == "/signin/code/"
    assert signed_in(client) is None


def test_a_code_that_could_not_leave_in_time_does_not_leave(client, rosa, sim, monkeypatch):
    ask(client, ROSA)
    put_codes()
    now = outgoing.time.time()
    monkeypatch.setattr(outgoing.time, "time", lambda: now + 181)
    work_off()
    item = OutboxItem.objects.get(kind="account.login_code")
    assert (item.state, item.error_code, item.payload, sim.sent) == ("failed", "late", None, [])
    assert "was no longer good" in item.error_text


def test_asking_too_often_is_slowed_however_the_number_is_written(sim, rosa):
    ways = ("+447700900731", "0044 7700 900731", "07700 900731", "447700900731")
    assert [ask(Client(), phone).status_code for phone in ways] == [302, 302, 302, 429]
    assert ask(Client(), "+44 7700 900111").status_code == 302  # somebody else is not
    assert whatsapp.CODES.rates == "20/m/ip,3/m/key,20/h/key"


def test_mexican_spellings_share_one_limit():
    ways = ("+52 55 1234 5678", "+52 1 55 1234 5678", "+52 55 1234 5678", "+52 1 55 1234 5678")
    assert [ask(Client(), phone).status_code for phone in ways] == [302, 302, 302, 429]


def test_the_code_is_nowhere_to_read(client, web_owner, rosa, sim, caplog):
    caplog.set_level(logging.DEBUG)
    ask(client, ROSA)
    put_codes()
    item = OutboxItem.objects.get(kind="account.login_code")
    code = unseal(bytes(item.payload))["template"]["components"][0]["parameters"][0]["text"]
    assert code.encode() not in bytes(item.payload)
    pages = [web_owner.get("/setup/sent/")]
    work_off()
    assert sim.sent
    pages += [web_owner.get("/setup/sent/"), web_owner.get(f"/desk/people/{rosa.pk}/")]
    pages += [web_owner.get("/setup/audit/"), web_owner.get("/setup/audit.csv")]
    for page in pages:
        body = b"".join(page) if page.streaming else page.content
        assert code.encode() not in body
    assert b"Sign-in code" in pages[1].content
    assert code not in caplog.text


@pytest.fixture
def web_owner() -> Client:
    client = Client()
    client.force_login(actions.create_user("owner@example.com", name="Owner", role="owner"))
    return client


# --- where it is offered --------------------------------------------------------------------------


def pages(client: Client) -> list[bool]:
    """Whether sign-in pages speak of it."""
    return ["WhatsApp" in client.get(path).content.decode() for path in ("/signin/", "/field/signin/")]


@pytest.mark.parametrize(
    "without", ["template", "approval", "number", "working number", "the company's wish", "category"]
)
def test_without_a_number_that_can_send_codes_there_is_no_word_of_it(client, rosa, approved, sim, without):
    assert pages(client) == [True, True]
    match without:
        case "template":
            MessageTemplate.objects.filter(name="sign_in_code").delete()
        case "approval":
            MessageTemplate.objects.filter(name="sign_in_code").update(status="PAUSED")
        case "number":
            Channel.objects.filter(pk=approved.pk).update(state=Channel.State.OFF)
        case "working number":
            Channel.objects.filter(pk=approved.pk).update(state=Channel.State.DOWN)
        case "the company's wish":
            actions.change_company(by=SYSTEM, whatsapp_codes=False)
        case "category":
            MessageTemplate.objects.filter(name="sign_in_code").update(category="UTILITY")
    assert pages(client) == [False, False]
    assert client.get("/signin/whatsapp/")["Location"] == "/signin/"
    assert ask(client, ROSA, phone_page="1")["Location"] == "/field/signin/"
    work_off()
    assert sim.sent == []


def test_a_linked_device_sends_no_codes(approved):
    Channel.objects.filter(pk=approved.pk).update(kind=Channel.Kind.WHATSAPP_WEB)
    assert not whatsapp_codes.are_offered()


def test_a_template_that_somebody_made_will_do_and_ours_comes_first(approved):
    ours = MessageTemplate.objects.get(name="sign_in_code", language="en_US")
    other = MessageTemplate.objects.create(
        channel=approved,
        name="otp",
        language="en_US",
        category="AUTHENTICATION",
        status="APPROVED",
        components=ours.components,
    )
    assert whatsapp_codes._best(whatsapp_codes._approved(), language="en") == ours
    ours.delete()
    assert whatsapp_codes._best(whatsapp_codes._approved(), language="en") == other


def test_no_agent_can_send_one(approved):
    rows = MessageTemplate.objects.filter(name="sign_in_code")
    assert [templates.takes_code(row) for row in rows] == [True, True]
    assert [templates.is_offered(row) for row in rows] == [False, False]


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (131026, "This number cannot be reached on WhatsApp"),
        (132015, "WhatsApp has paused or switched off this template"),
        (132001, "The template does not exist, is not approved, or does not fit its values"),
        (131048, "WhatsApp takes no more messages by our number at the moment"),
        (131042, "WhatsApp has no valid way of payment for this account"),
    ],
)
def test_a_failure_is_told_to_administrators_alone(client, web_owner, rosa, sim, code, words):
    sim.rules = [Rule(code)]
    assert written(client, sim) == []
    assert "a code is on its way" in client.get("/signin/code/confirm/").content.decode()
    item = OutboxItem.objects.get(kind="account.login_code")
    assert item.attempts >= 1
    assert words in html.unescape(web_owner.get("/setup/sent/").content.decode())


def test_what_has_to_wait_longer_than_the_code_is_good_fails_at_once(client, rosa, sim):
    sim.rules = [Rule(131048)]  # an hour
    written(client, sim)
    item = OutboxItem.objects.get(kind="account.login_code")
    assert (item.state, item.error_code, item.payload) == ("failed", "131048", None)


def test_a_number_that_failed_later_is_told_too(client, rosa, sim, approved):
    written(client, sim)
    hear(approved, sim.envelope(statuses=[sim.status(sim.sent[-1], "failed", code=131026)]))
    item = OutboxItem.objects.get(kind="account.login_code")
    assert (item.state, item.error_code, item.payload) == ("failed", "131026", None)


def test_no_answer_from_whatsapp_is_not_sent_twice(client, rosa, sim):
    sim.rules = [Rule(0)]
    assert written(client, sim) == [ROSA]
    assert OutboxItem.objects.get(kind="account.login_code").state == "unknown"
    work_off()
    assert len(sim.sent) == 1


def test_a_code_does_not_wait_behind_an_answer_and_keeps_the_pace(client, rosa, sim, approved):
    stuck = {"driver": "whatsapp-cloud", "channel_id": approved.pk, "recipient": ROSA, "cause_kind": "x"}
    later = timezone.now() + timedelta(hours=1)
    OutboxItem.objects.create(**stuck, kind="a", cause_id=1, next_try_at=later)
    assert written(client, sim) == [ROSA]
    for n in range(outgoing.AT_ONCE):
        OutboxItem.objects.create(**stuck, kind="b", cause_id=n, state="sent")
    assert written(client, sim) == []
    assert OutboxItem.objects.filter(kind="account.login_code").latest("pk").error_code == "pace"


def test_who_wants_no_templates_gets_the_code_he_asks_for(client, rosa, post, sim):
    post(sim.text(ROSA, "STOP"))
    work_off()
    assert written(client, sim) == [ROSA]


def test_nobody_in_the_house_can_send_one_any_more(client, rosa, sim, caplog):
    ask(client, ROSA)
    MessageTemplate.objects.all().delete()
    put_codes()
    assert not OutboxItem.objects.filter(kind="account.login_code").exists()
    assert "no number can send codes" in caplog.text


def test_who_waits_for_a_code_may_begin_anew(client, rosa, sim):
    written(client, sim, "+44 7700 900999")
    assert client.get("/signin/")["Location"] == "/signin/code/confirm/"
    answer = client.post("/signin/code/confirm/", {"leave": "1"})
    assert answer["Location"] == "/signin/"
    assert client.get("/signin/").status_code == 200
    ask(client, ROSA, phone_page="1")
    assert client.post("/signin/code/confirm/", {"leave": "1"})["Location"] == "/field/signin/"


def test_who_is_known_by_a_number_alone_asks_and_is_answered(client, rosa, sim):
    written(client, sim)
    enter(client, code_in(sim))
    assert "My screen is black" in client.get("/portal/").content.decode()
    queue = Ticket.objects.get().queue_id
    given = {"subject": "The mouse", "text": "It squeaks.", "queue": queue}
    answer = client.post("/portal/tickets/new/", given)
    assert answer.status_code == 302
    assert client.get(answer["Location"]).status_code == 200
    for path in ("notifications", "devices", "tokens", "second-factor", "mine", "password/set"):
        assert client.get(f"/account/{path}/").status_code == 200, path
