"""What comes in for somebody who was merged finds the one who remains, and goes back with the address."""

from __future__ import annotations

import pytest

from deskbell.people import actions as people
from deskbell.people.models import Identity, User
from deskbell.tickets.models import Conversation, Message, Ticket
from tests.channels.chatting import ASHA
from tests.channels.conftest import mail
from tests.stories import staff

LENA, OLE = "Lena Hart <lena.hart@example.com>", "Ole <ole@elsewhere.example>"


def person(address: str) -> User:
    return Identity.objects.get(key=address).user


@pytest.fixture
def two(take_in) -> tuple[User, User]:
    take_in(mail("Mine", sender=LENA, message_id="<l1@x>"))
    take_in(mail("His", sender=OLE, message_id="<o1@x>", subject="Screen"))
    return person("lena.hart@example.com"), person("ole@elsewhere.example")


def requester(answer: dict) -> int:
    return Ticket.objects.get(number=answer["ticket"]).requester_id


@pytest.mark.parametrize("envelope", ["", "bounces@list.example"])
def test_mails_find_the_one_who_remains_and_go_back_with_the_address(take_in, two, envelope):
    lena, ole = two
    boss = staff("supervisor")
    people.merge(lena, ole, by=boss)
    of_lena = take_in(
        mail("More", sender="LENA.HART@example.com", message_id="<l2@x>", subject="Desk"),
        envelope_from=envelope,
    )
    of_ole = take_in(mail("More", sender=OLE, message_id="<o2@x>", subject="Lamp"), envelope_from=envelope)
    assert requester(of_lena) == requester(of_ole) == ole.pk
    people.unmerge(lena, by=boss)
    assert (requester(of_lena), requester(of_ole)) == (lena.pk, ole.pk)
    assert Message.objects.get(pk=of_lena["message"]).author == lena
    assert Message.objects.get(pk=of_ole["message"]).author == ole
    assert Ticket.objects.get(number=of_lena["ticket"]).last_author == lena
    assert requester(take_in(mail("Again", sender=LENA, message_id="<l3@x>", subject="Door"))) == lena.pk


def test_a_chat_goes_on_with_the_one_who_remains_and_goes_back(post, sim, take_in, two):
    lena, _ole = two
    post(sim.text(ASHA, "My printer smokes"))
    asha = Conversation.objects.get().person
    boss = staff("supervisor")
    people.merge(asha, lena, by=boss)
    post(sim.text(ASHA, "It still does"))
    chat = Conversation.objects.get()
    assert chat.person == lena
    ticket = chat.tickets.get()
    assert ticket.requester == lena and {each.author for each in ticket.messages.filter(direction="in")} == {
        lena
    }
    people.unmerge(asha, by=boss)
    chat.refresh_from_db()
    ticket.refresh_from_db()
    assert (chat.person, ticket.requester) == (asha, asha)
    assert {each.author for each in ticket.messages.filter(direction="in")} == {asha}


def test_a_sign_for_the_portal_binds_nothing_to_somebody_who_was_merged(post, sim, take_in, two):
    from deskbell.channels.actions.references import make_reference, redeem

    lena, ole = two
    sign = make_reference(lena)
    people.merge(lena, ole, by=staff("supervisor"))
    assert redeem(sign) is None
