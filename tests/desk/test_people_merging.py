"""Merging two customers on the pages of the desk, and what list, page, API, search and counts show then."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from deskbell.events import deliver, subscribe
from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people.models import PersonMerge, User
from deskbell.realtime import hub
from deskbell.search.queries import search
from deskbell.tickets import actions
from deskbell.tickets.actions.conversations import heard_in_chat
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket
from tests import stories
from tests.desk.test_people import rows


@pytest.fixture
def boss(world) -> User:
    return people.create_user("boss@desk.example", name="Boss", role="supervisor")


@pytest.fixture
def web(boss, sign_in) -> Client:
    return sign_in(boss)


def at(name: str, person: User) -> str:
    return reverse(f"desk:{name}", args=[person.pk])


def chosen(other: User, remains: User) -> dict[str, Any]:
    return {"other": other.pk, "remains": remains.pk, "sure": "on"}


def page(web: Client, address: str, status: int = 200, **given: Any) -> str:
    answer = web.get(address, given)
    assert answer.status_code == status, address
    return answer.content.decode()


def said(answer: Any) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


def work() -> None:
    for event in Event.objects.order_by("pk"):
        for subscriber in subscribe.later_subscribers(event.kind):
            deliver.deliver_one(event.pk, subscriber.name)


def again(person: User) -> User:
    return User.objects.get(pk=person.pk)


def test_the_page_offers_people_of_the_same_name_and_finds_any(world, web):
    twin = stories.customer(name=world.customer.name.upper())
    address = at("person-merge", world.customer)
    assert address in page(web, at("person", world.customer))
    text = page(web, address)
    assert f"?with={twin.pk}" in text and f"?with={world.other.pk}" not in text
    for words in ("Nygaard", "ole@elsewhere.example"):
        assert f"?with={world.other.pk}" in page(web, address, q=words), words
    text = page(web, address, q="nobody has this")
    assert "has these words" in text and "?with=" not in text
    assert f"?with={world.customer.pk}" not in page(web, address, q=world.customer.name)


def test_it_says_first_what_will_happen(world, web, boss):
    acme, other = stories.organization("Acme"), stories.organization("Bolt")
    lena = stories.customer(acme, name="Lena")
    ole = stories.customer(other, name="Ole", role="customer_manager")
    for person in (lena, ole):
        people.set_password(person, "quiet-harbour-41", how="made", by=boss)
    people.change_person(lena, by=boss, notes="Calls often")
    common = stories.ticket(ole)
    stories.ticket(lena)
    actions.add_copy(common, lena, by=boss)
    actions.customer_reply(common, Content.markdown("Me too."), by=lena)
    heard_in_chat(1, "491", lena, at=timezone.now())
    heard_in_chat(1, "492", ole, at=timezone.now())
    people.create_token(lena, name="mine")
    before = Event.objects.count()
    text = page(web, at("person-merge", lena), **{"with": ole.pk, "remains": ole.pk})
    for words in (
        "What goes to Ole",
        "What of Lena ends",
        "Two organisations: Ole stays with Bolt",
        "Different roles: Ole stays",
        "Both have a password: only that of Ole lets in",
        "Both write in 1 ticket",
        "Both have an open chat",
        "notes",
        "API tokens",
        "You can undo it for 30 days",
    ):
        assert words in text, words
    assert Event.objects.count() == before and again(lena).merged_into is None
    text = page(web, at("person-merge", lena), **{"with": ole.pk, "remains": lena.pk})
    assert "What goes to Lena" in text


def test_who_signed_in_last_stays_unless_the_other_is_chosen(world, web):
    lena, ole = stories.customer(name="Lena"), stories.customer(name="Ole")
    User.objects.filter(pk=lena.pk).update(last_login=timezone.now())
    for one, other in ((lena, ole), (ole, lena)):
        text = page(web, at("person-merge", one), **{"with": other.pk})
        assert f'name="remains" value="{lena.pk}"' in text


def test_only_what_one_reaches_is_counted(world, web, sign_in):
    team = stories.team()
    role = people.create_role("Merger", scope="team", permissions=["desk.enter", "people.merge"], by=SYSTEM)
    assert set(role.permissions) >= {"people.edit", "people.view"}
    somebody = people.create_user("merger@desk.example", name="M", role=role.slug, team=team)
    lena, ole = stories.customer(), stories.customer()
    stories.ticket(lena)
    text = page(sign_in(somebody), at("person-merge", lena), **{"with": ole.pk, "remains": ole.pk})
    assert "<strong>1</strong>" in text.split("What of")[0]  # the address
    assert ">Tickets<" not in text and ">Messages<" not in text


def test_merged_and_back_by_the_page(world, web):
    eva, ole = world.customer, world.other
    mine, his = world.ticket(), world.ticket(requester=ole)
    for _n in range(2):
        answer = web.post(at("person-merge", eva), chosen(ole, ole))
        assert answer.headers["Location"] == at("person", ole)
    assert PersonMerge.objects.count() == 1
    assert web.get(at("person", eva)).headers["Location"] == at("person", ole)
    assert web.get(at("person-merge", eva)).headers["Location"] == at("person", ole)
    text = page(web, at("person", ole))
    assert "Merged into this person" in text and at("person-unmerge", eva) in text
    assert f"#{mine.number}" in text and f"#{his.number}" in text
    answer = web.post(at("person-unmerge", eva))
    assert answer.headers["Location"] == at("person", eva)
    assert "Eva Brandt stands alone again." in said(answer)
    assert "Merged into" not in page(web, at("person", ole))
    assert said(web.post(at("person-unmerge", eva))) == ["This person is not merged any more."]


def test_nothing_happens_without_being_sure_or_with_nobody(world, web):
    eva, ole = world.customer, world.other
    given = chosen(ole, ole)
    for wrong, words in (
        ({**given, "sure": ""}, "Say that you are sure"),
        ({**given, "other": "x"}, "Choose a person."),
        ({**given, "other": eva.pk}, "This is the same person."),
    ):
        answer = web.post(at("person-merge", eva), wrong)
        assert answer.status_code == 422 and words in answer.content.decode(), words
    assert web.post(at("person-merge", eva), {**given, "other": 999999}).status_code == 404
    assert not PersonMerge.objects.exists()


def test_staff_are_refused_in_words(world, web, sign_in):
    owner = sign_in(stories.staff("owner"))
    text = page(owner, at("person-merge", world.customer), **{"with": world.agent.pk})
    assert "People who work here are never merged" in text and 'name="sure"' not in text
    answer = owner.post(at("person-merge", world.customer), chosen(world.agent, world.customer))
    assert answer.status_code == 422 and "never merged" in answer.content.decode()
    assert "Merge with…" not in page(owner, at("person", world.agent))
    assert not PersonMerge.objects.exists()


def test_agents_without_the_permission_see_no_button(world, desk):
    assert at("person-merge", world.customer) not in page(desk, at("person", world.customer))
    assert desk.get(at("person-merge", world.customer)).status_code == 403
    assert desk.post(at("person-merge", world.customer), chosen(world.other, world.other)).status_code == 403
    assert not PersonMerge.objects.exists()


def test_a_form_that_was_open_meanwhile_says_that_nothing_is_saved(world, web, boss):
    eva, ole = world.customer, world.other
    people.merge(eva, ole, by=boss)
    for name, given in (("person-notes", {"notes": "x"}), ("person-addresses", {"given": "x@y.example"})):
        answer = web.post(at(name, eva), given)
        assert answer.headers["Location"] == at("person", ole)
        assert any("was not saved" in each for each in said(answer)), name
    assert web.get(at("person-details", eva)).headers["Location"] == at("person", ole)
    assert again(ole).notes == "" and ole.identities.count() == 2


def test_whoever_is_chosen_by_an_old_page_is_the_one_who_remains(world, web, boss):
    eva, ole = world.customer, world.other
    people.merge(eva, ole, by=boss)
    text = page(web, reverse("desk:new"), requester=eva.pk)
    assert f'value="{ole.pk}"' in text


def test_the_setup_leads_on_too_and_its_trail_tells_of_both(world, boss, sign_in):
    eva, ole = world.customer, world.other
    people.merge(eva, ole, by=boss)
    owner = sign_in(stories.staff("owner"))
    for name in ("setup:person", "setup:anonymisation"):
        answer = owner.get(reverse(name, args=[eva.pk]))
        assert answer.headers["Location"] == reverse(name, args=[ole.pk])
    assert f"/setup/people/{eva.pk}/" not in page(owner, "/setup/people/", q="Eva Brandt")
    people.unmerge(eva, by=boss)
    text = page(owner, "/setup/audit/", kind="user.")
    for words in (
        "merged the person into Ole Nygaard",
        "merged Eva Brandt into the person",
        "undid the merge of the person into Ole Nygaard",
        "undid the merge of Eva Brandt into the person",
    ):
        assert words in text, words


def test_open_lists_and_pages_hear_of_it_and_streams_of_both_end(world, boss):
    eva, ole = world.customer, world.other
    mine = world.ticket()
    for act, hearer in (
        (lambda: people.merge(eva, ole, by=boss), ole),
        (lambda: people.unmerge(eva, by=boss), eva),
    ):
        with patch.object(hub, "publish") as publish:
            act()
        told = [(set(call.args[0]), call.args[1]) for call in publish.call_args_list]
        [of_ticket] = [topics for topics, data in told if data.get("ticket") == mine.number]
        assert {"all", f"customer:{hearer.pk}"} <= of_ticket
        ended = {topic for topics, data in told if data["kind"] == "rights.changed" for topic in topics}
        assert ended == {f"user:{eva.pk}", f"user:{ole.pk}"}


# --- every door shows the same ------------------------------------------------------------------------


def doors(boss: User, web: Client, owner: User, other: User, word: str) -> dict[str, Any]:
    """What each door says of the tickets of `owner`: numbers."""
    headers = {"Authorization": f"Bearer {people.create_token(boss, name='a')}"}
    his = {"Authorization": f"Bearer {people.create_token(again(owner), name='b')}"}
    api = Client(headers=headers)
    listed = api.get(f"/api/v1/tickets?requester={owner.pk}").json()["items"]
    mine = Client(headers=his).get("/api/v1/tickets").json()["items"]
    portal = Client()
    portal.force_login(again(owner), backend="allauth.account.auth_backends.AuthenticationBackend")
    of_person = web.get(at("person", owner)).content.decode()
    numbers = [ticket.number for ticket in Ticket.objects.all()]
    shown = portal.get("/portal/").content.decode()
    counted = web.get(reverse("desk:people"), {"q": owner.email}).content.decode()
    return {
        "list of the API": {row["number"] for row in listed},
        "requester in the API": {row["requester"]["id"] for row in listed} or {owner.pk},
        "list of the customer's API": {row["number"] for row in mine},
        "portal": {n for n in numbers if f"#{n}" in shown},
        "portal's page": {n for n in numbers if portal.get(f"/portal/tickets/{n}/").status_code == 200},
        "page of the person": {n for n in numbers if f"#{n}" in of_person},
        "search": {hit.ticket.number for hit in search(boss, word)},
        "count": f"{len(mine)} open ticket" in counted,
        "people": rows(web, f"{reverse('desk:people')}?q={owner.email}"),
    }


def test_list_page_api_search_count_and_portal_agree_before_and_after(world, web, boss):
    eva, ole = world.customer, world.other
    mine, his = world.ticket(), world.ticket(requester=ole)
    work()

    def agree(owner: User, other: User, numbers: set[int]) -> None:
        told = doors(boss, web, owner, other, str(owner.email))
        for door in (
            "list of the API",
            "list of the customer's API",
            "portal",
            "portal's page",
            "page of the person",
            "search",
        ):
            assert told[door] == numbers, door
        assert told["requester in the API"] == {owner.pk}
        assert told["count"] is True and told["people"] == [owner.pk]

    agree(eva, ole, {mine.number})
    agree(ole, eva, {his.number})
    people.merge(eva, ole, by=boss)
    work()
    agree(ole, eva, {mine.number, his.number})
    assert rows(web, f"{reverse('desk:people')}?q={eva.email}") == [ole.pk]
    assert {hit.ticket.number for hit in search(boss, str(eva.email))} == {mine.number, his.number}
    by_old = Client(headers={"Authorization": f"Bearer {people.create_token(boss, name='c')}"})
    listed = by_old.get(f"/api/v1/tickets?requester={eva.pk}").json()["items"]
    assert {row["number"] for row in listed} == {mine.number, his.number}
    people.unmerge(eva, by=boss)
    work()
    agree(again(eva), ole, {mine.number})
    agree(ole, eva, {his.number})
