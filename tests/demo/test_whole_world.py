"""The demo as `bin/up` tells it: conversations and everyday tickets beside the named ones."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F, Max
from django.utils import timezone

from deskbell.channels import queries
from deskbell.channels.models import Channel, InboundItem, MessageTemplate
from deskbell.channels.whatsapp.templates import is_offered
from deskbell.demo import arrivals, chats, company, conversations, variations, world
from deskbell.demo.stories import STORIES
from deskbell.events.models import Delivery, Event
from deskbell.outbox.models import OutboxItem
from deskbell.people.models import Identity, Organization, User
from deskbell.tickets.models import Attachment, Category, Conversation, Message, Source, Status, Ticket

#: taken in, not told
MORE = len(arrivals.ARRIVALS) + len(chats.CHATS)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("told"),
    pytest.mark.django_db,
    pytest.mark.usefixtures("told"),
]


def test_it_holds_the_named_tickets_forty_conversations_and_the_everyday_ones():
    written = conversations.read(timezone.now())
    assert len(written) == 40
    assert len({story.slug for story in written} | {story.slug for story in STORIES}) == 40 + len(STORIES)
    assert Ticket.objects.count() == len(STORIES) + 40 + MORE + variations.COUNT


def test_every_state_priority_queue_and_door_has_tickets():
    statuses = Counter(Ticket.objects.values_list("status__slug", flat=True))
    assert set(Status.objects.values_list("slug", flat=True)) - set(statuses) <= {"duplicate", "open"}
    for column, values in (
        ("category", set(Category.values)),
        ("priority", {1, 2, 3, 4}),
        ("queue__slug", {"support", "hardware", "network", "billing"}),
        ("source", set(Source.values) - {"api"}),
    ):
        assert set(Ticket.objects.values_list(column, flat=True)) >= values
    assert Ticket.objects.filter(spam=True).count() == 2


def test_every_organisation_has_a_ticket_and_a_site():
    assert Organization.objects.count() == len(company.CUSTOMERS)
    assert not Organization.objects.exclude(pk__in=Ticket.objects.values("organization")).exists()
    assert not Organization.objects.filter(sites=None).exists()


def test_nothing_happens_before_its_ticket_or_in_the_future():
    now = timezone.now()
    assert not Message.objects.filter(created_at__lt=F("ticket__created_at")).exists()
    assert not Ticket.objects.filter(updated_at__gt=now).exists()
    assert not Message.objects.filter(created_at__gt=now).exists()
    assert not Event.objects.filter(at__gt=now).exists()
    for column in ("first_responded_at", "resolved_at", "closed_at", "waiting_since"):
        assert not Ticket.objects.filter(**{f"{column}__lt": F("created_at")}).exists()
    assert Ticket.objects.aggregate(newest=Max("created_at"))["newest"] > now - timedelta(hours=1)
    assert Ticket.objects.filter(created_at__lt=now - timedelta(days=75)).exists()


def test_numbers_follow_the_openings():
    opened = list(Ticket.objects.order_by("number").values_list("created_at", flat=True))
    assert opened == sorted(opened)


def test_every_change_of_status_starts_where_the_one_before_ended():
    stood: dict[int, str] = {}
    for event in Event.objects.filter(kind="ticket.status_changed").order_by("about_id", "at", "pk"):
        assert event.data["before"] == stood.get(event.about_id, "new")
        assert event.data["after"] != "new"
        stood[event.about_id] = event.data["after"]
    for pk, slug in Ticket.objects.values_list("pk", "status__slug"):
        assert slug == stood.get(pk, "new")


def test_conversations_open_in_working_days():
    zone = ZoneInfo(company.TIME_ZONE)
    moment = conversations.working_moment(3, "09:12", timezone.now())
    assert (moment.astimezone(zone).weekday() < 5, moment.astimezone(zone).strftime("%H:%M")) == (
        True,
        "09:12",
    )


def test_pictures_logs_tables_and_a_paper_are_attached():
    kinds = Counter(Attachment.objects.values_list("blob__content_type", flat=True))
    assert set(kinds) == {"image/png", "image/jpeg", "text/plain", "application/pdf"}
    assert kinds["image/png"] > 8


def test_all_addresses_are_reserved_ones():
    assert not Identity.objects.filter(kind="email").exclude(key__endswith=".example").exists()
    for text in Message.objects.values_list("text", flat=True):
        for word in text.split():
            if "@" in word and "." in word.partition("@")[2]:
                assert ".example" in word, word


def test_nobody_is_mailed_about_what_is_history(told):
    named = [told.tickets[story.slug].pk for story in STORIES]
    opened = Event.objects.filter(kind="ticket.opened").exclude(about_id__in=named)
    heard = Delivery.objects.filter(subscriber__endswith="tell_requester").values("event_id")
    assert opened.count() == 40 + MORE + variations.COUNT
    assert not opened.exclude(pk__in=heard).exists()
    assert not Delivery.objects.filter(
        event_id__in=Event.objects.filter(about_id__in=named, about_kind="ticket")
    ).exists()


def test_whoever_may_only_read_has_tickets_to_read_and_wrote_none(told):
    for slug in ("reader", "organization_reader"):
        person = told.people[slug]
        assert Ticket.objects.visible_to(person).exists()
        assert not Ticket.objects.filter(requester=person).exists()
        assert not Message.objects.filter(author=person).exists()


def test_it_knows_when_it_was_made():
    made_at = world.made_at()
    assert made_at is not None
    assert abs(timezone.now() - made_at) < timedelta(minutes=5)


def counted() -> list[int]:
    return [model.objects.count() for model in (User, Ticket, Message, Event)]


def test_a_second_start_makes_nothing_and_names_the_same_people():
    first, before = world.sign_ins(), counted()
    assert world.ensure() == first
    assert counted() == before


def test_the_ledger_of_the_day_shows_every_end_that_a_mail_or_form_can_come_to():
    mailed = InboundItem.objects.defer("raw").exclude(channel__kind=Channel.Kind.WHATSAPP_CLOUD)
    decided = [(i.state, i.reason) for i in mailed.order_by("received_at")]
    assert decided == [
        ("ticketed", "new"),
        ("duplicate", "same_message"),
        ("added", "signed_reference"),
        ("quarantined", "agent_by_mail"),
        ("ticketed", "web_form"),
        ("annotated", "auto_reply"),
        ("quarantined", "read_only"),
        ("blocked", "automatic_without_ticket"),
    ]
    assert queries.totals()["balanced"] is True
    now = timezone.now()
    for item in InboundItem.objects.defer("raw"):
        assert item.decided_at is not None
        assert item.received_at <= item.decided_at <= now
    assert not mailed.filter(received_at__lt=now - timedelta(days=1)).exists()
    assert Channel.objects.get(address=company.SUPPORT).last_in_at > now - timedelta(days=1)


def test_the_chats_are_on_the_phones_and_at_the_desk_with_how_far_they_came(told):
    phones, found = told.phones, {slug: told.tickets[slug] for slug in ("chat-bottling", "chat-stranger")}
    decided = InboundItem.objects.filter(channel=chats.number()).order_by("received_at")
    assert list(decided.values_list("state", "reason")) == [
        ("ticketed", "new"),
        ("added", "chat_open"),
        ("annotated", "reaction"),
        ("ticketed", "new"),
        ("ticketed", "new"),
        ("added", "chat_quote"),
        ("ticketed", "new"),
    ]
    assert list(OutboxItem.objects.filter(driver="whatsapp-cloud").order_by("pk").values_list("state")) == [
        (state,) for state in ("read", "read", "read", "read", "read", "read", "delivered", "delivered")
    ]
    bottling = phones.of(chats.PHONES["doug"][0])
    assert [(each.from_desk, each.state) for each in bottling] == [
        (False, "delivered"), (True, "read"), (True, "read"), (False, "delivered"), (True, "delivered"),
    ]  # fmt: skip
    assert bottling[0].media in phones.media
    (photo,) = Attachment.objects.filter(message__ticket=found["chat-bottling"])
    assert (photo.filename, photo.blob.content_type) == ("photo.jpg", "image/jpeg")
    assert found["chat-stranger"].requester.identities.get().key == chats.STRANGER[0]
    assert found["chat-bottling"].requester.email == "doug@marlpit.example"
    now = timezone.now()
    for item in OutboxItem.objects.filter(driver="whatsapp-cloud"):
        assert item.created_at <= item.changed_at <= now - timedelta(minutes=10)
    for chat, is_open in ((chats.PHONES["doug"], True), (chats.PHONES["petra"], False)):
        assert Conversation.objects.get(address=chat[0]).is_open is is_open


def test_a_chat_that_is_shut_can_be_answered_by_a_template():
    assert [row for row in MessageTemplate.objects.all() if is_offered(row)]
    assert Conversation.objects.filter(open_until__lt=timezone.now()).exists()
