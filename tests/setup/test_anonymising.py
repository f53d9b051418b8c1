"""A person asked to be forgotten: nothing of his name and addresses is left but the words of messages."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.utils import timezone

from deskbell.channels.models import (
    Channel,
    ChatConsent,
    DeviceMessage,
    InboundItem,
    PastMessage,
    SenderRule,
    Webhook,
)
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event, EventDetail, Once
from deskbell.kit.secrets import seal
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions
from deskbell.people.models import Device, Directory, DirectoryLink, Identity, Invitation, Role, User
from deskbell.people.queries import customers, find_people
from deskbell.search.models import Document
from deskbell.tickets import actions as tickets
from deskbell.tickets.content import Content
from deskbell.tickets.models import Conversation, Draft, HeldReply, Message, Ticket, Watcher
from tests.setup.conftest import page
from tests.stories import fresh, organization, staff, ticket

NAME, ADDRESS, OTHER, NUMBER = "Wilma Quastenfloh", "wilma@quast.example", "W.Q@home.example", "447700900123"
SPELLED = (NAME, "Quastenfloh", ADDRESS, OTHER, OTHER.lower(), NUMBER)
#: the words of messages, which stay
WORDS = {("tickets_message", name) for name in ("text", "new_text", "html", "subject")}


def found_in(*words: str) -> set[tuple[str, str]]:
    """(table, column) of every column of text, JSON or bytes that holds one of `words` in any case."""
    found = set()
    with connection.cursor() as cursor:
        cursor.execute(
            """select c.table_name, c.column_name, c.data_type from information_schema.columns c
               join information_schema.tables t using (table_schema, table_name)
               where t.table_schema = 'public' and t.table_type = 'BASE TABLE'
               and c.data_type in
               ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY', 'tsvector')"""
        )
        for table, column, kind in cursor.fetchall():
            read = f"encode(\"{column}\", 'escape')" if kind == "bytea" else f'"{column}"::text'
            for word in words:
                cursor.execute(f'select 1 from "{table}" where {read} ilike %s limit 1', [f"%{word}%"])
                if cursor.fetchone():
                    found.add((table, column))
    return found


@pytest.fixture
def mailbox(db) -> Channel:
    return Channel.objects.create(kind="email", name="Support", address="support@desk.example")


@pytest.fixture
def wilma(owner, mailbox) -> User:
    """Is written in every place the desk has for somebody."""
    wilma, _made = actions.person_for_email(ADDRESS, name=NAME, how="mail")
    actions.add_address(wilma, OTHER, by=owner)
    actions.add_address(wilma, f"+{NUMBER}", by=owner)
    Identity.objects.create(user=wilma, kind=Identity.Kind.WA_ID, key=NUMBER, given=NUMBER)
    mate, _made = actions.person_for_email("mate@quast.example", name="Mate", how="mail")
    actions.change_person(
        wilma, by=owner, organization=organization("Quast"), notes=f"{NAME} calls often", signature=NAME
    )
    actions.create_token(wilma, name="mine")
    asked = ticket(wilma, f"{NAME} has a broken printer.")
    mates = ticket(mate, "Mine too.")
    tickets.watch(asked, by=owner)
    Watcher.objects.create(ticket=mates, user=wilma, kind="cc")
    for subject in (f"Printer of {NAME}", "Printer"):
        tickets.change(fresh(asked), by=owner, subject=subject)
    message = Message.objects.filter(ticket=mates).first()
    message.cc, message.details = [OTHER, "x@else.example"], {"from": ADDRESS}
    message.save()
    head = f"From: {NAME} <{ADDRESS}>\r\nTo: support@desk.example\r\n\r\nHelp".encode()
    his = Message.objects.filter(ticket=asked).first()
    row = {"channel": mailbox, "envelope_to": "support@desk.example", "decided_at": timezone.now()}
    InboundItem.objects.create(raw=head, envelope_from=ADDRESS, state="ticketed", message_id=his.pk, **row)
    InboundItem.objects.create(raw=head, envelope_from=OTHER.lower(), state="quarantined", **row)
    copied = f"From: mate@quast.example\r\nCc: {NAME} <{OTHER}>\r\n\r\nMine too.".encode()
    InboundItem.objects.create(
        raw=copied, envelope_from="mate@quast.example", state="ticketed", ticket_id=mates.pk, **row
    )
    Webhook.objects.create(channel=mailbox, raw=f'{{"from": "{NUMBER}"}}'.encode(), handled_at=timezone.now())
    chat = Conversation.objects.create(channel_id=mailbox.pk, address=NUMBER, person=wilma, name=NAME)
    said = {"purpose": "updates", "given": True, "source": "agent", "evidence": f"{NAME} said so"}
    ChatConsent.objects.create(conversation=chat, **said)
    past = {"external_id": "wamid.old", "address": NUMBER, "ours": False, "text": NAME}
    PastMessage.objects.create(channel=mailbox, written_at=timezone.now(), **past)
    DeviceMessage.objects.create(
        channel=mailbox,
        item=uuid4(),
        address=f"{NUMBER}@s.whatsapp.net",
        next_at=timezone.now(),
        at=timezone.now(),
    )
    Ticket.objects.filter(pk=asked.pk).update(conversation=chat)
    SenderRule.objects.create(sender=ADDRESS, kind="allow")
    for n, to in enumerate((ADDRESS, OTHER, NUMBER)):
        OutboxItem.objects.create(
            driver="email", recipient=to, kind="k", cause_kind="test", cause_id=1, ticket_id=asked.pk,
            payload=seal({"to": to}), state=("queued", "failed", "sent")[n], error_text=f"550 <{to}> unknown",
        )  # fmt: skip
    Draft.objects.create(user=wilma, ticket=asked, kind="reply", text=f"I am {NAME}")
    HeldReply.objects.create(
        ticket=mates, author=owner, copy=[OTHER, "x@else.example"], bcc=[ADDRESS],
        forward={"recipients": [ADDRESS, "x@else.example"]}, leaves_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    Invitation.objects.create(
        email=OTHER,
        name=NAME,
        role=Role.objects.get(slug="customer"),
        expires_at=timezone.now() + timedelta(days=3),
    )
    EmailAddress.objects.get_or_create(user=wilma, email=ADDRESS, defaults={"verified": True})
    house = Directory.objects.create(
        name="House", urls="ldap://127.0.0.1", base="dc=a", user_filter="(a={login})"
    )
    DirectoryLink.objects.create(user=wilma, directory=house, subject=f"uid {NAME}")
    Authenticator.objects.create(user=wilma, type="webauthn", data={"name": f"Key of {NAME}"})
    Once.objects.create(
        scope="api", key="k", digest="d", answer={"requester": {"name": NAME, "email": ADDRESS}}
    )
    return User.objects.get(pk=wilma.pk)


def anonymise(web: Client, person: User, name: str = NAME, status: int = 302):
    answer = web.post(f"/setup/people/{person.pk}/anonymisation/", {"name": name})
    assert answer.status_code == status, answer.content.decode()
    return answer.content.decode()


def test_nothing_is_left_but_the_words_of_messages(web, wilma):
    before = found_in(*SPELLED)
    places = {table for table, _column in before}
    assert {
        "people_user", "people_identity", "people_invitation", "account_emailaddress", "mfa_authenticator",
        "tickets_message", "tickets_draft", "tickets_heldreply", "tickets_conversation", "search_document",
        "channels_inbounditem", "channels_webhook", "channels_senderrule", "outbox_outboxitem",
        "events_eventdetail", "events_once", "people_directorylink",
    } <= places  # fmt: skip
    counts = [model.objects.count() for model in (InboundItem, OutboxItem, Message, Webhook, Conversation)]
    anonymise(web, wilma)
    message_words = Document.objects.filter(kind="message").exists()
    left = found_in(*SPELLED) - WORDS
    assert left == ({("search_document", "tsv")} if message_words else set())
    assert counts == [
        model.objects.count() for model in (InboundItem, OutboxItem, Message, Webhook, Conversation)
    ]


def test_only_messages_are_found_by_the_name_afterwards(web, owner, wilma):
    anonymise(web, wilma)
    with connection.cursor() as cursor:
        cursor.execute("select kind from search_document where tsv::text ilike '%%quastenfloh%%'")
        assert {kind for (kind,) in cursor.fetchall()} == {"message"}
    assert list(find_people(owner, "Quastenfloh")) == []
    assert wilma not in customers(owner)


def test_others_lose_nothing(web, wilma):
    anonymise(web, wilma)
    message = Message.objects.get(details__has_key="from")
    assert (message.cc, message.details) == (["x@else.example"], {"from": f"#{wilma.pk}"})
    held = HeldReply.objects.get()
    assert (held.copy, held.bcc, held.forward) == (["x@else.example"], [], {"recipients": ["x@else.example"]})
    copied = InboundItem.objects.get(envelope_from="mate@quast.example")
    assert bytes(copied.raw) == (
        f"From: mate@quast.example\r\nCc: #{wilma.pk} <#{wilma.pk}>\r\n\r\nMine too.".encode()
    )
    assert User.objects.get(email="mate@quast.example").name == "Mate"
    assert Once.objects.get(scope="api").answer["requester"]["email"] == f"#{wilma.pk}"


def test_what_was_on_its_way_does_not_leave_and_nothing_can_be_sent_again(web, wilma):
    anonymise(web, wilma)
    items = OutboxItem.objects.filter(cause_kind="test").order_by("pk")
    assert [each.state for each in items] == ["failed", "failed", "sent"]
    assert [each.payload for each in items] == [None] * 3
    assert {each.shown_recipient for each in items} == {f"Anonymised person #{wilma.pk}"}
    item = InboundItem.objects.get(reason="anonymised")
    assert (item.state, bytes(item.raw)) == ("blocked", b"")
    for address in (
        f"/setup/received/{item.pk}/",
        "/setup/received/",
        "/setup/sent/",
        "/setup/people/invitations/",
    ):
        assert web.get(address).status_code == 200


def test_tickets_name_nobody_and_later_mail_is_of_a_new_person(web, owner, wilma):
    asked = Ticket.objects.get(conversation__person=wilma)
    anonymise(web, wilma)
    text = page(web, f"/desk/tickets/{asked.number}/")
    assert f"Anonymised person #{wilma.pk}" in text and ADDRESS not in text
    tickets.reply(asked, Content.markdown("Done"), by=owner)
    assert fresh(asked).conversation is None
    text = page(web, f"/setup/people/{wilma.pk}/")
    assert "Nobody can tell any more who this was." in text and "Open the account again" not in text
    assert "Give the role" not in text and "can sign in" not in text
    assert f"Anonymised person #{wilma.pk}" in page(web, f"/desk/people/{wilma.pk}/")
    somebody, made = actions.person_for_email(ADDRESS, name=NAME, how="mail")
    assert made and somebody.pk != wilma.pk


def test_he_is_signed_out_and_cannot_be_let_in_again(web, owner, wilma):
    browser = Client()
    browser.force_login(wilma, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/portal/").status_code == 200
    key = browser.session.session_key
    anonymise(web, wilma)
    assert browser.get("/portal/").status_code == 302
    assert not Session.objects.filter(session_key=key).exists()
    assert not Device.objects.filter(user=wilma).exists()
    with pytest.raises(actions.NotAllowed):
        actions.reactivate(wilma, by=owner)
    with pytest.raises(actions.NotAllowed):
        actions.grant(User.objects.get(pk=wilma.pk), "customer", by=owner)
    assert not User.objects.get(pk=wilma.pk).is_active
    assert not User.objects.get(pk=wilma.pk).grants.exists()


def test_the_trail_keeps_the_act_without_the_data(web, owner, wilma):
    anonymise(web, wilma)
    event = Event.objects.get(kind="user.anonymised")
    assert (event.actor_id, event.about_id) == (owner.pk, wilma.pk)
    assert event.data["erased"]["identities"] == 4 and event.data["erased"]["sent"] == 3
    assert not EventDetail.objects.filter(event__about_kind="user", event__about_id=wilma.pk).exists()
    assert "anonymised the person" in page(web, "/setup/audit/?kind=user.anonymised")


def test_the_page_says_what_goes_and_stays_and_wants_the_name(web, wilma):
    text = page(web, f"/setup/people/{wilma.pk}/anonymisation/")
    for said in (
        "This cannot be undone",
        "The text of messages is not touched",
        "E-mail addresses, phone numbers",
    ):
        assert said in text
    before = found_in(*SPELLED)
    for wrong in ("", "Wilma", ADDRESS):
        anonymise(web, wilma, wrong, status=422)
    assert found_in(*SPELLED) == before and not Event.objects.filter(kind="user.anonymised").exists()


def test_a_second_click_changes_nothing(web, wilma):
    anonymise(web, wilma)
    at = User.objects.get(pk=wilma.pk).anonymised_at
    anonymise(web, wilma)
    actions.anonymise(wilma, by=SYSTEM)
    assert User.objects.get(pk=wilma.pk).anonymised_at == at
    assert Event.objects.filter(kind="user.anonymised").count() == 1


def test_what_breaks_in_the_middle_leaves_everything(web, wilma, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("killed")

    before = found_in(*SPELLED)
    monkeypatch.setattr("deskbell.people.own_traces.outbox.forget_recipient", broken)
    with pytest.raises(RuntimeError):
        anonymise(web, wilma)
    assert found_in(*SPELLED) == before
    assert User.objects.get(pk=wilma.pk).anonymised_at is None


def test_staff_are_deactivated_first(web, owner):
    ann = staff("agent", name="Ann Agent")
    assert "Close the account first" in page(web, f"/setup/people/{ann.pk}/anonymisation/")
    assert "Close the account first" in anonymise(web, ann, "Ann Agent", status=422)
    actions.deactivate(ann, by=owner)
    anonymise(web, ann, "Ann Agent")
    assert not User.objects.get(pk=ann.pk).grants.exists()


def test_nobody_anonymises_himself_the_last_owner_or_somebody_of_more_rights(owner):
    admin, other = staff("admin"), staff("owner")
    for person, by in ((owner, owner), (other, admin)):
        with pytest.raises(actions.NotAllowed):
            actions.anonymise(person, by=by)
    actions.deactivate(other, by=owner)
    with pytest.raises(actions.NotAllowed):  # his account is closed, and still he was more
        actions.anonymise(other, by=admin)
    with pytest.raises(actions.StillAtWork):
        actions.anonymise(owner, by=SYSTEM)
    for role in ("agent", "supervisor", "auditor"):
        with pytest.raises(actions.NotAllowed):
            actions.anonymise(ticket().requester, by=staff(role))
    assert not User.objects.filter(anonymised_at__isnull=False).exists()


def test_addresses_that_only_look_alike_stay(web, wilma):
    alike = ["xwilma@quast.example", "wilma@quast.example.org", f"1{NUMBER}"]
    other = ticket(text="x")
    Message.objects.filter(ticket=other).update(cc=alike, details={"from": alike[0], "n": alike[1]})
    anonymise(web, wilma)
    message = Message.objects.get(ticket=other)
    assert (message.cc, message.details) == (alike, {"from": alike[0], "n": alike[1]})
