"""Found by words, by number, by who asked; never what one may not see."""

from __future__ import annotations

import pytest

from deskbell.people import actions as people
from deskbell.search import actions as documents
from deskbell.search.queries import search
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from tests.stories import customer, organization, staff, team, ticket

pytestmark = pytest.mark.django_db


def found(user, words, **values) -> list[int]:
    return [hit.ticket.number for hit in search(user, words, **values)]


def test_a_number_jumps_with_or_without_its_mark():
    asked = ticket()
    [hit] = search(staff(), f"#{asked.number}")
    assert hit.number_match and hit.ticket == asked
    assert found(staff(), str(asked.number)) == [asked.number]


def test_words_are_found_in_subject_messages_and_notes_by_staff():
    asked, agent = ticket(subject="Gateway", text="The tunnel drops"), staff()
    actions.note(asked, Content.markdown("firmware is stale"), by=agent)
    for words in ("gateway", "tunnel drops", "DROPS tunnel", "firmw"):
        assert found(agent, words) == [asked.number]
    assert found(agent, "tunnel nowhere") == []


def test_accents_do_not_matter():
    asked = ticket(text="Das Büro ist dunkel")
    assert found(staff(), "buro") == [asked.number]


def test_who_asked_is_found_by_name_address_phone_and_organisation():
    anna = customer(organization("Kestrel Foods"), name="Anna Quist")
    people.add_identity(anna, "phone", "+49 30 1234567", by=staff())
    asked = ticket(anna)
    for words in ("quist", anna.email, "Kestrel", "+49 30 1234567"):
        [hit] = search(staff(), words)
        assert hit.ticket == asked and "<mark>" in hit.line, words


def test_a_changed_name_is_found_after_the_change_and_its_tickets_are_indexed_again():
    anna = customer(name="Anna Quist")
    asked = ticket(anna)
    people.change_person(anna, by=anna, name="Anna Berg")
    documents.put_tickets_of(anna.pk)
    assert found(staff(), "berg") == [asked.number]
    assert found(staff(), "quist") == []


def test_the_matching_line_is_shown_safely():
    ticket(text="<script>alert(1)</script> the tunnel <b>drops</b>")
    [hit] = search(staff(), "tunnel")
    assert "<mark>tunnel</mark>" in hit.line
    assert "<script" not in hit.line and "<b>" not in hit.line


def test_a_customer_finds_his_own_public_words_only():
    asked, stranger, agent = ticket(text="tunnel"), ticket(text="tunnel too"), staff()
    actions.note(asked, Content.markdown("zebra"), by=agent)
    assert found(asked.requester, "tunnel", staff=False) == [asked.number]
    assert found(asked.requester, "zebra", staff=False) == []
    assert found(asked.requester, str(stranger.number), staff=False) == []


def test_a_customer_finds_nothing_by_who_asked_since_no_line_would_show_why():
    anna = customer(organization("Kestrel Foods"), name="Anna Quist")
    asked = ticket(anna, subject="Gateway", text="The tunnel drops")
    for words in ("quist", anna.email, "kestrel", "quist gateway"):
        assert found(anna, words, staff=False) == [], words
    [hit] = search(anna, "gateway", staff=False)
    assert hit.ticket == asked and "<mark>Gateway</mark>" in hit.line


def test_an_agent_of_one_team_finds_in_his_team_only():
    crew = team()
    mine, other = ticket(text="tunnel", team=crew, by=staff()), ticket(text="tunnel")
    assert found(staff(team=crew), "tunnel") == [mine.number]
    assert found(staff(team=crew), f"#{other.number}") == []


def test_deleted_redacted_and_edited_words_are_gone():
    asked, admin = ticket(), staff("admin")
    note = actions.note(asked, Content.markdown("hunter2"), by=admin)
    actions.edit_note(note, "hunter3", by=admin)
    assert (found(admin, "hunter2"), found(admin, "hunter3")) == ([], [asked.number])
    actions.redact_message(note, by=admin)
    assert found(admin, "hunter3") == []
    actions.trash(asked, by=admin)
    assert found(admin, "printer") == []
    actions.delete_for_ever(asked, by=admin)
    assert found(admin, "printer") == []


@pytest.mark.parametrize("words", ["", "' | & ! (", "\\", "a:*b", "\0", "%", "💡", "'" * 50, "x" * 5000])
def test_no_input_breaks_it(words):
    ticket()
    assert search(staff(), words) == []
