"""The demo company as people find it after `bin/up`."""

from __future__ import annotations

import pytest
from django.contrib.auth import authenticate
from django.utils import timezone

from deskbell.demo import company, world
from deskbell.demo.stories import STORIES
from deskbell.events.models import Event
from deskbell.people.models import User
from deskbell.people.permissions import SEEDED_ROLES
from deskbell.people.rights import rights_of
from deskbell.tickets.listing import LISTED, counts
from deskbell.tickets.models import Attachment, Category, Message, SavedReply, Ticket
from deskbell.tickets.rules import may
from tests import world as tests_world

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

desk = tests_world.named_world


def test_everybody_listed_can_sign_in_with_the_role_named(desk):
    people = world.sign_ins()
    roles = {role.slug: role.name for role in SEEDED_ROLES}
    assert {each["role"] for each in people} == set(roles.values())
    for each in people[:3]:
        user = authenticate(None, email=each["email"], password=each["password"])
        assert user is not None
        assert each["role"] in {roles[slug] for slug in rights_of(user).roles}


def test_the_world_is_lived_in(desk):
    counted = counts(desk["owner"])
    assert {slug for slug in LISTED if not counted[slug]} <= {"closing", "mine", "my-teams", "following"}
    assert {ticket.category for ticket in Ticket.objects.all()} == set(Category.values)
    assert counts(desk["agent"])["my-teams"]
    assert counts(desk["supervisor"])["following"]
    assert Attachment.objects.filter(blob__content_type="image/png").count() == 3
    assert Ticket.objects.filter(due_at__lt=timezone.now(), active=True).exists()


def test_the_staff_have_signatures_and_saved_replies_of_every_scope(desk):
    assert "Service desk" in desk["agent"].signature
    reach = {(r.scope, r.name) for r in SavedReply.objects.visible_to(desk["agent"])}
    assert {("personal", "Call me back"), ("team", "Restart and a picture")} <= reach
    assert ("everyone", "We are on it") in reach
    assert ("team", "On my way") not in reach


def test_what_happened_is_dated_when_it_happened(desk):
    now = timezone.now()
    for story in STORIES:
        ticket = desk.ticket(story.slug)
        assert abs((now - ticket.created_at - story.ago).total_seconds()) < 60
        happened = list(
            Event.objects.filter(about_kind="ticket", about_id=ticket.pk).order_by("pk").values_list("at")
        )
        assert happened == sorted(happened)
        assert all(message.created_at <= now for message in ticket.messages.all())
    assert not Ticket.objects.filter(updated_at__gt=now).exists()


def test_the_words_of_internal_notes_stand_nowhere_else(desk):
    for slug, word in tests_world.NOTE_WORDS.items():
        assert [message.pk for message in Message.objects.filter(text__icontains=word)] == [
            desk.note(slug).pk
        ]
        assert not Ticket.objects.filter(subject__icontains=word).exists()


def test_the_customer_sees_his_own_and_not_what_strangers_asked(desk):
    customer, manager = desk["customer"], desk["customer_manager"]
    for slug in tests_world.OWN:
        assert may(customer, "customer_reply", desk.ticket(slug))
    for slug in tests_world.OF_ORGANIZATION:
        assert not may(customer, "customer_reply", desk.ticket(slug))
        assert may(manager, "customer_reply", desk.ticket(slug))
    for slug in tests_world.OF_STRANGERS:
        assert not may(manager, "customer_reply", desk.ticket(slug))


def test_the_company_writes_to_nobody_outside_the_reserved_domain(desk):
    assert not User.objects.exclude(email__endswith=".example").exists()
    assert company.SUPPORT.endswith(".example")
