"""Boxes, filters, paging, search, and how many statements a list takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from deskbell.kit.jinja import icon
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from tests.desk.conftest import HTMX, World

ROW = re.compile(r'data-row="(\d+)"')


def rows(client: Client, address: str) -> list[int]:
    response = client.get(address, headers=HTMX)
    assert response.status_code == 200
    return [int(number) for number in ROW.findall(response.content.decode())]


def test_the_one_who_waits_longest_stands_first(world: World, desk: Client) -> None:
    first, second = world.ticket("first"), world.ticket("second")
    answered = world.ticket("answered")
    actions.reply(answered, Content.markdown("done"), by=world.agent)
    assert rows(desk, "/desk/") == [first.number, second.number]


def test_each_box_holds_what_it_says(world: World, desk: Client) -> None:
    mine, free, spam, trash = (world.ticket(name) for name in ("mine", "free", "spam", "trash"))
    actions.claim(mine, by=world.agent)
    actions.watch(free, by=world.agent)
    actions.mark_spam(spam, by=world.agent)
    actions.trash(trash, by=world.agent)
    assert rows(desk, "/desk/?box=mine") == [mine.number]
    assert rows(desk, "/desk/?box=unassigned") == [free.number]
    assert rows(desk, "/desk/?box=following") == [free.number]
    assert rows(desk, "/desk/?box=spam") == [spam.number]
    assert rows(desk, "/desk/?box=trash") == [trash.number]
    assert rows(desk, "/desk/?box=open&sort=created") == [free.number, mine.number]
    assert rows(desk, "/desk/?box=closed") == []


def test_a_row_says_who_asked_and_that_nobody_has_read_it(world: World, desk: Client) -> None:
    ticket = world.ticket("Printer & fire <now>")
    page = desk.get("/desk/").content.decode()
    assert f"#{ticket.number}" in page
    assert "Printer &amp; fire &lt;now&gt;" in page
    assert "Eva Brandt" in page
    assert "row-unread" in page
    desk.get(ticket.get_absolute_url())
    assert "row-unread" not in desk.get("/desk/").content.decode()


def test_filters_narrow_and_show_as_removable_chips(world: World, desk: Client) -> None:
    urgent = world.ticket("urgent", priority=4)
    world.ticket("normal")
    page = desk.get("/desk/?box=open&priority=urgent").content.decode()
    assert ROW.findall(page) == [str(urgent.number)]
    assert "Priority: Urgent" in page
    assert 'href="/desk/?box=open" aria-label="Remove the filter Priority: Urgent"' in page


def test_a_day_is_said_as_people_write_it_and_kept_by_further_filters(world: World, desk: Client) -> None:
    page = desk.get("/desk/?box=all&created_on=2024-02-29").content.decode()
    assert "Created on: Feb 29, 2024" in page
    assert '<input type="hidden" name="created_on" value="2024-02-29">' in page
    wrong = desk.get("/desk/?box=all&created_on=2023-02-29&resolved_on=9999-12-31").content.decode()
    assert wrong.count("was left out. A day such as 2026-01-31.") == 2


def test_a_filter_that_makes_no_sense_is_told_and_left_out(world: World, desk: Client) -> None:
    ticket = world.ticket()
    response = desk.get("/desk/?box=open&priority=huge&status=nope&created_since=yesterday")
    page = response.content.decode()
    assert response.status_code == 200
    assert ROW.findall(page) == [str(ticket.number)]
    assert "The filter Priority was left out. One of: low, normal, high, urgent." in page
    assert "The filter Created since was left out." in page


@pytest.mark.slow
def test_pages_go_forth_and_back_without_losing_filters(world: World, desk: Client) -> None:
    for index in range(53):
        world.ticket(f"number {index}", priority=4)
    first = desk.get("/desk/?box=open&priority=urgent").content.decode()
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following and "priority=urgent" in following[1]
    second = desk.get(following[1].replace("&amp;", "&")).content.decode()
    assert (len(ROW.findall(first)), len(ROW.findall(second))) == (50, 3)
    assert not set(ROW.findall(first)) & set(ROW.findall(second))
    previous = re.search(r'href="([^"]+)" class="[^"]*" rel="prev"', second)
    assert previous
    assert ROW.findall(desk.get(previous[1].replace("&amp;", "&")).content.decode()) == ROW.findall(first)


def test_a_cursor_of_another_list_begins_at_the_start(world: World, desk: Client) -> None:
    response = desk.get("/desk/?box=open&cursor=forged")
    assert (response.status_code, response["Location"]) == (302, "/desk/?box=open")


@pytest.mark.slow
@pytest.mark.parametrize("who", ["agent", "networker", "auditor"])
def test_a_list_costs_the_same_for_one_row_and_for_fifty(
    world: World,
    sign_in: Callable[[User], Client],
    django_assert_max_num_queries: Any,
    who: str,
) -> None:
    client = sign_in(getattr(world, who))
    world.ticket("one", team=world.team)
    client.get("/desk/?box=open")
    with django_assert_max_num_queries(12) as one:
        client.get("/desk/?box=open")
    for index in range(49):
        requester = world.customer if index % 2 else world.other
        assignee = world.colleague if index % 3 else None
        world.ticket(f"number {index}", team=world.team, requester=requester, by=requester, assignee=assignee)
    with django_assert_max_num_queries(12) as fifty:
        page = client.get("/desk/?box=open").content.decode()
    assert len(ROW.findall(page)) == 50
    assert len(fifty) == len(one)


def test_a_part_brings_the_counts_along(world: World, desk: Client) -> None:
    world.ticket()
    part = desk.get("/desk/", headers=HTMX).content.decode()
    assert 'id="boxes"' in part and 'hx-swap-oob="true"' in part
    assert "<html" not in part
    assert '<span class="count count-strong">1</span>' in part


def test_a_number_in_the_search_goes_to_its_ticket(world: World, desk: Client) -> None:
    ticket = world.ticket()
    for words in (str(ticket.number), f"#{ticket.number}"):
        assert desk.get("/desk/search/", {"q": words})["Location"] == ticket.get_absolute_url()


def test_the_search_shows_the_line_and_respects_reach(
    world: World, desk: Client, sign_in: Callable[[User], Client]
) -> None:
    world.ticket("Toner", text="The flibbertigibbet is empty")
    found = desk.get("/desk/search/", {"q": "flibbertigibbet"}).content.decode()
    assert "<mark>flibbertigibbet</mark>" in found
    hidden = sign_in(world.networker).get("/desk/search/", {"q": "flibbertigibbet"}).content.decode()
    assert "Nothing found" in hidden


@pytest.mark.parametrize("words", ["", "'", "a & | ! (", "\0", "%_\\", "x" * 5000])
def test_no_search_breaks_the_page(world: World, desk: Client, words: str) -> None:
    assert desk.get("/desk/search/", {"q": words}).status_code == 200


def test_a_note_is_marked_as_one_in_its_line(world: World, desk: Client) -> None:
    ticket = world.ticket()
    shown = []
    for say in (None, actions.reply, actions.note):
        if say:
            say(ticket, Content.markdown("Words"), by=world.agent)
        page = desk.get("/desk/?box=open").content.decode()
        last = page.partition('<div class="row-last">')[2].partition("</div>")[0]
        drawn = [name for name in ("message-square", "reply", "lock") if icon(name, 14) in last]
        shown.append((drawn, '<span class="row-note">Note</span>' in last))
    assert shown == [(["message-square"], False), (["reply"], False), (["lock"], True)]
