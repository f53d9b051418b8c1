"""Brakes that hold whatever the headers of a mail say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from deskbell.channels import actions, inbound, tallies
from deskbell.channels.email import counters
from deskbell.channels.models import InboundItem, Tally
from deskbell.config import health
from deskbell.events.actor import SYSTEM
from deskbell.people.actions import change_company
from deskbell.people.models import User
from deskbell.tickets.models import Message, Ticket
from tests.channels.conftest import mail


def matter(n: int, sender: str = "lena.hart@example.com") -> bytes:
    return mail(sender=sender, subject=f"Matter {n}", message_id=f"<{n}.{sender}>")


@pytest.fixture
def three(mailbox):
    change_company(by=SYSTEM, name="Ada IT", tickets_per_sender=3)


def test_a_sender_of_too_many_tickets_is_held_back_and_others_are_not(take_in, three):
    answers = [take_in(matter(n)) for n in range(5)]
    assert [(a["state"], a["reason"]) for a in answers] == [("ticketed", "new")] * 3 + [
        ("quarantined", "too_many")
    ] * 2
    item = InboundItem.objects.get(pk=answers[4]["inbound"])
    assert item.reason_text == "Its sender opened more than 3 tickets within an hour"
    assert Ticket.objects.count() == 3
    assert take_in(matter(9, "another@example.com"))["state"] == "ticketed"


def test_what_was_held_back_is_taken_in_when_an_administrator_wants_it(take_in, three):
    held = [take_in(matter(n)) for n in range(4)][3]
    actions.replay(held["inbound"])
    assert inbound.receive(held["inbound"])["state"] == "ticketed"
    assert Ticket.objects.count() == 4
    assert take_in(matter(7))["reason"] == "too_many"


def test_answers_to_tickets_are_not_counted(take_in, three):
    ticket = take_in(matter(0))["ticket"]
    for n in range(4):
        answer = take_in(
            mail("more", message_id=f"<r{n}@x>", subject="Re", In_Reply_To="<0.lena.hart@example.com>")
        )
        assert (answer["state"], answer["ticket"]) == ("added", ticket)


def test_nought_means_as_many_as_he_likes(take_in, mailbox):
    change_company(by=SYSTEM, name="Ada IT", tickets_per_sender=0)
    assert {take_in(matter(n))["state"] for n in range(5)} == {"ticketed"}
    assert not Tally.objects.exists()


def test_what_was_held_back_is_an_alert(take_in, three):
    finding = health.mails_finding()
    assert (finding.ok, finding.text) == (True, "nobody sends too many")
    for n in range(5):
        take_in(matter(n))
    finding = health.mails_finding()
    assert (finding.ok, finding.text) == (False, "2 held back within a day: their senders send too many")
    assert finding.do.startswith("Look under “Received”")
    InboundItem.objects.update(received_at=timezone.now() - timedelta(days=2))
    assert health.mails_finding().ok


def test_an_address_gets_five_automatic_answers_an_hour_and_ten_a_day(mailbox):
    with transaction.atomic():
        assert [counters.take_answer("Lena@example.com") for _ in range(6)] == [True] * 5 + [False]
        assert not counters.take_answer("lena@EXAMPLE.com")
        Tally.objects.update(hour=timezone.now() - timedelta(hours=3))
        assert [counters.take_answer("lena@example.com") for _ in range(6)] == [True] * 5 + [False]
        Tally.objects.filter(hour__gt=timezone.now() - timedelta(hours=2)).update(
            hour=timezone.now() - timedelta(hours=4)
        )
        assert not counters.take_answer("lena@example.com")
        Tally.objects.update(hour=F("hour") - timedelta(hours=22))
        assert counters.take_answer("lena@example.com")


@pytest.mark.parametrize(
    "address", ["support@desk.example", "Support@Desk.example", "support+t7-0123456789ab@desk.example"]
)
def test_our_own_addresses_get_none(mailbox, address):
    with transaction.atomic():
        assert not counters.take_answer(address)


@pytest.mark.django_db(transaction=True)
def test_eight_processes_at_once_give_one_address_no_more_than_five(mailbox):
    def one(_n: int) -> bool:
        try:
            with transaction.atomic():
                return counters.take_answer("lena@example.com")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(one, range(16))) == [False] * 11 + [True] * 5
    assert tallies.lately(tallies.key_of("channels.email", "answers", "lena@example.com")) == (5, 5)


def test_a_new_ticket_of_a_person_costs_one_query_for_the_counters(
    take_in, mailbox, django_assert_num_queries
):
    take_in(matter(0))
    with django_assert_num_queries(1):
        assert counters.takes_ticket(InboundItem.objects.none(), "lena.hart@example.com")  # type: ignore[arg-type]


def test_a_held_back_mail_leaves_nothing_but_its_row(take_in, three):
    for n in range(3):
        take_in(matter(n))
    before = (Message.objects.count(), User.objects.count())
    take_in(matter(3))
    assert (Message.objects.count(), User.objects.count()) == before
