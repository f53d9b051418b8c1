"""Customers and organisations at the desk."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people.models import Identity, User
from deskbell.tickets import actions
from deskbell.tickets.models import Ticket
from tests import stories
from tests.desk.conftest import World

ROW = re.compile(r'data-row="(\d+)"')
KEY = "abcdefghijklmnop1234"


def rows(client: Client, address: str) -> list[int]:
    response = client.get(address)
    assert response.status_code == 200, address
    return [int(pk) for pk in ROW.findall(response.content.decode())]


def tickets(page: str, state: str) -> list[int]:
    part = page.split(f'aria-labelledby="tickets-{state}"')[1].split("</section>")[0]
    return [int(number) for number in ROW.findall(part)]


def test_people_stand_by_name_and_staff_are_not_among_them(world: World, desk: Client) -> None:
    nameless, _ = people.person_for_email("anna@zoo.example", how="mail")
    assert rows(desk, "/desk/people/") == [nameless.pk, world.customer.pk, world.other.pk]


def test_name_address_phone_and_organisation_find_somebody(world: World, desk: Client) -> None:
    company = people.create_organization("Fjord Boats", by=SYSTEM)
    people.change_person(world.customer, by=SYSTEM, organization=company)
    people.add_identity(world.customer, "phone", "+44 20 7946 0958", by=SYSTEM)
    eva = [world.customer.pk]
    for words in ("brandt", "EVA@", "7946 0958", "boats"):
        assert rows(desk, f"/desk/people/?q={words}") == eva, words
    assert rows(desk, f"/desk/people/?organization={company.pk}") == eva
    assert rows(desk, "/desk/people/?q=brandt&organization=999") == []
    assert "Nobody found" in desk.get("/desk/people/?q=nobody").content.decode()


@pytest.mark.parametrize("given", ["q=%00", "q=%27%25_", "organization=x", "before=x", "after=9" + "9" * 30])
def test_no_words_break_the_list(world: World, desk: Client, given: str) -> None:
    assert desk.get(f"/desk/people/?{given}").status_code == 200


@pytest.mark.slow
def test_pages_go_forth_and_back_and_keep_the_filter(world: World, desk: Client) -> None:
    company = people.create_organization("Large", by=SYSTEM)
    crowd = [stories.customer(company, name=f"Same {number // 2:02d}").pk for number in range(103)]
    page, seen = f"/desk/people/?organization={company.pk}", []
    while page:
        text = desk.get(page).content.decode()
        seen.append([int(pk) for pk in ROW.findall(text)])
        following = re.search(r'href="([^"]+)" rel="next"', text)
        page = "/desk/people/" + unescape(following[1]) if following else ""
    assert [pk for part in seen for pk in part] == crowd
    assert [len(part) for part in seen] == [50, 50, 3]
    back = re.search(r'href="([^"]+)" class="[^"]*" rel="prev"', text)
    assert back
    assert rows(desk, "/desk/people/" + unescape(back[1])) == seen[1]


@pytest.mark.slow
@pytest.mark.parametrize("address", ["/desk/people/?q=a", "/desk/organizations/?q=a"])
def test_a_directory_costs_the_same_for_one_and_for_fifty(
    world: World, desk: Client, django_assert_max_num_queries: Any, address: str
) -> None:
    one = stories.customer(
        people.create_organization("A company", domains=["a.example"], by=SYSTEM), name="A"
    )
    world.ticket(requester=one, by=one)
    desk.get(address)
    with django_assert_max_num_queries(13) as before:
        desk.get(address)
    for number in range(55):
        company = people.create_organization(f"A {number}", domains=[f"a{number}.example"], by=SYSTEM)
        stories.ticket(stories.customer(company, name=f"A {number}"))
    with django_assert_max_num_queries(13) as after:
        assert len(rows(desk, address)) == 50
    assert len(after) == len(before)


def test_a_persons_page_shows_who_he_is_and_his_tickets(world: World, desk: Client) -> None:
    company = people.create_organization("Fjord Boats", by=SYSTEM)
    people.change_person(world.customer, by=SYSTEM, organization=company, notes="Calls before noon.")
    people.add_identity(world.customer, "phone", "+44 20 7946 0958", by=SYSTEM)
    people.verify_identity(world.customer.identities.get(kind="email"), how="code", by=SYSTEM)
    waits, solved = world.ticket("waits"), world.ticket("solved")
    actions.resolve(solved, by=world.agent)
    actions.mark_spam(world.ticket("spam"), by=world.agent)
    world.ticket("another's", requester=world.other)
    page = desk.get(f"/desk/people/{world.customer.pk}/").content.decode()
    assert (tickets(page, "open"), tickets(page, "ended")) == ([waits.number], [solved.number])
    for said in (
        "Fjord Boats",
        "Calls before noon.",
        "tel:+44 20 7946 0958",
        "verified by a code",
        "not verified",
    ):
        assert said in page, said
    assert f'href="/desk/tickets/new/?requester={world.customer.pk}"' in page


def test_an_agent_of_one_team_sees_only_its_tickets_there(
    world: World, sign_in: Callable[[User], Client]
) -> None:
    inside, _outside = world.ticket("inside", team=world.team), world.ticket("outside")
    company = people.create_organization("Fjord Boats", by=SYSTEM)
    Ticket.objects.update(organization=company)
    client = sign_in(world.networker)
    for address in (f"/desk/people/{world.customer.pk}/", f"/desk/organizations/{company.pk}/"):
        assert tickets(client.get(address).content.decode(), "open") == [inside.number]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["people", "organizations"])
def test_a_page_about_somebody_costs_the_same_for_one_ticket_and_for_fifty(
    world: World, desk: Client, django_assert_max_num_queries: Any, what: str
) -> None:
    company = people.create_organization("Fjord Boats", domains=["fjord.example"], by=SYSTEM)
    people.change_person(world.customer, by=SYSTEM, organization=company)
    pk = world.customer.pk if what == "people" else company.pk
    world.ticket(), actions.resolve(world.ticket(), by=world.agent)
    desk.get(f"/desk/{what}/{pk}/")
    with django_assert_max_num_queries(13) as one:
        desk.get(f"/desk/{what}/{pk}/")
    for number in range(50):
        ticket = world.ticket(f"number {number}")
        if number % 2:
            actions.resolve(ticket, by=world.agent)
    with django_assert_max_num_queries(13) as fifty:
        page = desk.get(f"/desk/{what}/{pk}/").content.decode()
    assert (len(tickets(page, "open")), len(tickets(page, "ended"))) == (25, 25)
    assert len(fifty) == len(one)
    following = re.search(r'href="([^"]+\?ended=[^"]+)" rel="next"', page)
    assert following
    assert len(tickets(desk.get(unescape(following[1])).content.decode(), "ended")) == 1


def test_a_cursor_of_somebody_else_begins_at_the_start(world: World, desk: Client) -> None:
    response = desk.get(f"/desk/people/{world.customer.pk}/?ended=forged")
    assert (response.status_code, response["Location"]) == (302, f"/desk/people/{world.customer.pk}/")


def test_details_are_changed_and_stand_in_the_audit_trail(world: World, desk: Client) -> None:
    company = people.create_organization("Fjord Boats", by=SYSTEM)
    site = people.create_site(company, "Harbour", by=SYSTEM)
    address = f"/desk/people/{world.customer.pk}/details/"
    given = {"name": "Eva B.", "organization": "fjord boats", "language": "en", "once": KEY}
    assert desk.post(address, given)["Location"] == f"/desk/people/{world.customer.pk}/"
    desk.post(address, {**given, "site": site.pk})
    eva = User.objects.get(pk=world.customer.pk)
    assert (eva.name, eva.organization, eva.site, eva.language) == ("Eva B.", company, site, "en")
    changed = Event.objects.filter(kind="user.changed", about_id=eva.pk).order_by("pk")
    assert [(event.actor_id, event.data["fields"]) for event in changed] == [
        (world.agent.pk, ["language", "name", "organization"]),
        (world.agent.pk, ["site"]),
    ]
    desk.post(address, {**given, "organization": "", "site": site.pk})
    assert User.objects.filter(pk=eva.pk, organization=None, site=None).exists()


def test_an_unknown_organisation_is_told_beside_the_field(world: World, desk: Client) -> None:
    given = {"name": "Eva B.", "organization": "Nowhere"}
    response = desk.post(f"/desk/people/{world.customer.pk}/details/", given)
    assert response.status_code == 422
    assert "There is no organisation with this name." in response.content.decode()
    assert User.objects.get(pk=world.customer.pk).name == "Eva Brandt"


def test_notes_are_kept_for_the_desk_alone(world: World, desk: Client) -> None:
    desk.post(f"/desk/people/{world.customer.pk}/notes/", {"notes": "Calls before noon.", "once": KEY})
    assert User.objects.get(pk=world.customer.pk).notes == "Calls before noon."
    assert Event.objects.get(kind="user.changed", about_id=world.customer.pk).data["fields"] == ["notes"]


def test_addresses_are_added_once_and_unverified(world: World, desk: Client) -> None:
    address = f"/desk/people/{world.customer.pk}/addresses/"
    for given in ("+44 20 7946 0958", "+44 20 7946 0958", "Eva@Home.example"):
        assert desk.post(address, {"given": given, "once": KEY}).status_code == 302
    known = Identity.objects.filter(user=world.customer).order_by("pk")
    assert [(i.kind, i.key, i.primary, i.verified_at) for i in known] == [
        ("email", "eva@fjord.example", True, None),
        ("phone", "+442079460958", True, None),
        ("email", "eva@home.example", False, None),
    ]
    assert User.objects.get(pk=world.customer.pk).email == "eva@fjord.example"


def test_bad_and_taken_addresses_are_told_and_change_nothing(world: World, desk: Client) -> None:
    before = Event.objects.count()
    for given, sentence in (
        ("ole@elsewhere.example", "Somebody else has this address."),
        ("eva@", "This is not an e-mail address."),
        ("12", "Write an e-mail address, or a number with its country code"),
        ("", "This field is required."),
    ):
        response = desk.post(f"/desk/people/{world.customer.pk}/addresses/", {"given": given})
        assert response.status_code == 422, given
        assert sentence in response.content.decode(), given
    assert world.customer.identities.count() == 1
    assert Event.objects.count() == before


def remove(client: Client, identity: Identity) -> Any:
    return client.post(f"/desk/people/{identity.user_id}/addresses/{identity.pk}/removal/")


def test_a_removed_address_hands_its_place_to_the_next(world: World, desk: Client) -> None:
    first = world.customer.identities.get()
    people.add_address(world.customer, "eva@home.example", by=world.agent)
    assert remove(desk, first)["Location"] == f"/desk/people/{world.customer.pk}/"
    assert remove(desk, first).status_code == 302
    assert [(i.key, i.primary) for i in world.customer.identities.all()] == [("eva@home.example", True)]
    eva = User.objects.get(pk=world.customer.pk)
    assert eva.email == "eva@home.example"
    removed = Event.objects.get(kind="user.identity_removed")
    assert (removed.about_id, removed.data, removed.detail.values) == (
        eva.pk,
        {"identity_kind": "email"},
        {"given": "eva@fjord.example"},
    )
    found, made = people.person_for_email("eva@fjord.example", how="mail")
    assert made and found != eva


def test_the_address_one_signs_in_with_stays(world: World, desk: Client) -> None:
    identity = world.customer.identities.get()
    people.verify_identity(identity, how="code", by=SYSTEM)
    people.set_password(world.customer, "quiet-harbour-41", how="sign_up", by=SYSTEM)
    people.add_address(world.customer, "eva@home.example", by=world.agent)
    before = Event.objects.count()
    response = remove(desk, identity)
    said = [str(message) for message in get_messages(response.wsgi_request)]
    assert said == [
        "Eva Brandt signs in with eva@fjord.example. Only another verified address could take its place."
    ]
    assert world.customer.identities.count() == 2
    assert Event.objects.count() == before


def test_an_agent_changes_no_colleague_and_no_owner(world: World, desk: Client) -> None:
    before = Event.objects.count()
    for target in (world.colleague, world.admin, world.agent):
        base = f"/desk/people/{target.pk}/"
        assert desk.get(base).status_code == 200
        assert desk.post(base + "notes/", {"notes": "x"}).status_code == 403
        assert desk.post(base + "details/", {"name": "x"}).status_code == 403
        assert desk.post(base + "addresses/", {"given": "x@y.example"}).status_code == 403
        assert remove(desk, target.identities.get()).status_code == 403
    assert Event.objects.count() == before


def test_an_auditor_reads_and_is_offered_nothing_to_change(
    world: World, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(world.auditor)
    page = client.get(f"/desk/people/{world.customer.pk}/").content.decode()
    assert "Eva Brandt" in page
    for offered in ("/details/", "/addresses/", "/notes/", "/tickets/new/"):
        assert offered not in page, offered


def test_an_organisations_page_shows_domains_sites_people_and_tickets(world: World, desk: Client) -> None:
    company = people.create_organization("Fjord Boats", domains=["fjord.example"], by=SYSTEM)
    people.create_site(company, "Harbour", address="Quay 1", access_notes="Ring twice", by=SYSTEM)
    people.change_person(world.customer, by=SYSTEM, organization=company)
    ticket = world.ticket()
    assert rows(desk, "/desk/organizations/?q=fjord.ex") == [company.pk]
    page = desk.get(f"/desk/organizations/{company.pk}/").content.decode()
    for said in (
        "fjord.example",
        "Harbour",
        "Quay 1",
        "Ring twice",
        f'href="/desk/people/{world.customer.pk}/"',
    ):
        assert said in page, said
    assert tickets(page, "open") == [ticket.number]
    there = desk.get(ticket.get_absolute_url()).content.decode()
    assert f'href="/desk/people/{world.customer.pk}/"' in there
    assert f'href="/desk/organizations/{company.pk}/"' in there
