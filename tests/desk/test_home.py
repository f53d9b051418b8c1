"""The first page: an agent's own lists, and figures that open the lists they count."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Status, Ticket
from tests import stories
from tests.desk.conftest import HTMX, World

ROW = re.compile(r'data-row="(\d+)"')
DRAWN = re.compile(r'<a href="([^"]+)" tabindex="-1" aria-label="(\d+) ')
SHARE = re.compile(
    r'<a class="share" href="([^"]+)"><span class="share-name truncate">[^<]*</span>'
    r'<span class="share-number">(\d+)</span>'
)
IN_TABLE = re.compile(r'<td class="number"><a href="([^"]+)">(\d+)</a>')
REPLY = re.compile(
    r'href="([^"]+)"><span class="tile-label">Median first reply.*?of (\d+) tickets? in', re.DOTALL
)
MEDIAN = re.compile(r'Median first reply</span><span class="tile-value">([^<]*)<')


@pytest.fixture
def overseer(world: World, sign_in: Callable[[User], Client]) -> Client:
    return sign_in(stories.staff("supervisor"))


def length(client: Client, address: str) -> int:
    """Of the list behind an address in a page, through all its pages."""
    found, following = 0, unescape(address)
    while following:
        page = client.get(following).content.decode()
        assert "was left out" not in page
        found += len(ROW.findall(page))
        more = re.search(r'href="([^"]+)" rel="next"', page)
        following = unescape(more[1]) if more else ""
    return found


def section(page: str, slug: str) -> list[int]:
    part = page.split(f'aria-labelledby="home-{slug}"')[1].split("</section>")[0]
    return [int(number) for number in ROW.findall(part)]


def test_an_agent_finds_what_waits_for_him_first(world: World, desk: Client) -> None:
    late, soon, free, solved, others = (
        world.ticket(name) for name in ("late", "soon", "free", "done", "others")
    )
    for ticket in (late, soon, solved):
        actions.assign(ticket, world.agent, by=world.agent)
    actions.assign(others, world.colleague, by=world.agent)
    answered = world.ticket("answered", assignee=world.agent, by=world.agent)
    actions.reply(answered, Content.markdown("done"), by=world.agent)
    actions.resolve(solved, by=world.agent)
    page = desk.get("/desk/home/").content.decode()
    assert section(page, "needs-my-reply") == [late.number, soon.number]
    assert section(page, "unassigned") == [free.number]
    assert section(page, "mine") == [answered.number, soon.number, late.number]
    assert section(page, "resolved") == [solved.number]
    assert "2 customers wait for your reply." in page
    assert "1 ticket has nobody yet." in page
    for box in ("needs-my-reply", "unassigned", "mine", "resolved"):
        assert length(desk, f"/desk/?box={box}") == len(section(page, box))


def test_an_empty_home_says_what_to_do(world: World, desk: Client) -> None:
    page = desk.get("/desk/home/").content.decode()
    assert "Nobody waits for your reply." in page
    assert "Open an unassigned ticket and press Claim to make it yours." in page


def test_the_part_brings_lists_and_counts_without_the_frame(world: World, desk: Client) -> None:
    ticket = world.ticket()
    part = desk.get("/desk/home/", headers=HTMX).content.decode()
    assert section(part, "unassigned") == [ticket.number]
    assert 'id="boxes"' in part and "<html" not in part


@pytest.mark.slow
@pytest.mark.parametrize("who", ["agent", "networker"])
def test_a_home_costs_the_same_for_one_ticket_and_for_fifty(
    world: World, sign_in: Callable[[User], Client], django_assert_max_num_queries: Any, who: str
) -> None:
    client = sign_in(getattr(world, who))
    world.ticket("one", team=world.team)
    client.get("/desk/home/")
    with django_assert_max_num_queries(14) as one:
        client.get("/desk/home/")
    _fill(world)
    with django_assert_max_num_queries(14) as fifty:
        client.get("/desk/home/")
    assert len(fifty) == len(one)


@pytest.mark.slow
def test_figures_cost_the_same_for_one_ticket_and_for_fifty(
    world: World, overseer: Client, django_assert_max_num_queries: Any
) -> None:
    world.ticket("one", team=world.team)
    overseer.get("/desk/home/")
    with django_assert_max_num_queries(14) as one:
        overseer.get("/desk/home/")
    _fill(world)
    with django_assert_max_num_queries(14) as fifty:
        overseer.get("/desk/home/")
    assert len(fifty) == len(one)


def _fill(world: World) -> None:
    for index in range(49):
        requester = world.customer if index % 2 else world.other
        assignee = world.colleague if index % 3 else None
        world.ticket(f"number {index}", team=world.team, requester=requester, by=requester, assignee=assignee)


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Auckland", "America/Los_Angeles"])
def test_every_figure_opens_the_list_it_counts(
    world: World, sign_in: Callable[[User], Client], zone: str
) -> None:
    supervisor = stories.staff("supervisor")
    User.objects.filter(pk=supervisor.pk).update(time_zone=zone)
    client = sign_in(User.objects.get(pk=supervisor.pk))
    _month(world)
    page = client.get("/desk/home/").content.decode()
    drawn, shares = DRAWN.findall(page), SHARE.findall(page)
    assert sum(int(number) for address, number in drawn if "created_on" in address) == 24
    assert sorted(drawn) == sorted(IN_TABLE.findall(page))
    assert sum(int(number) for address, number in shares if "priority" in address) == 17
    for address, number in [*drawn, *shares, *REPLY.findall(page)]:
        assert length(client, address) == int(number), address
    assert len(REPLY.findall(page)) == 1


def _month(world: World) -> None:
    """Around each midnight of two zones and UTC: created, answered, some resolved; spam and trash beside."""
    moments = [
        (timezone.now() - timedelta(days=ago)).replace(hour=hour, minute=minute, second=0, microsecond=0)
        for ago in (2, 3, 17)
        for hour, minute in ((0, 0), (23, 59), (11, 0), (10, 59), (8, 0), (7, 59), (12, 0), (13, 0))
    ]
    held = Status.objects.get(slug="waiting-for-parts")
    for index, moment in enumerate(moments):
        ticket = world.ticket(f"number {index}", priority=1 + index % 4, by=world.agent)
        Ticket.objects.filter(pk=ticket.pk).update(
            created_at=moment, first_responded_at=moment + timedelta(minutes=200)
        )
        if index % 4 == 0:
            actions.change(ticket, by=world.agent, status=held, assignee=world.colleague)
        elif index % 4 == 1:
            actions.resolve(ticket, by=world.agent)
            Ticket.objects.filter(pk=ticket.pk).update(resolved_at=moment + timedelta(hours=5))
        elif index == 2:
            actions.close(ticket, by=world.agent)
    spam, trash = world.ticket("spam"), world.ticket("trash")
    actions.mark_spam(spam, by=world.agent)
    actions.trash(trash, by=world.agent)


def test_half_of_the_first_replies_came_within_the_median(world: World, overseer: Client) -> None:
    now = timezone.now()
    for minutes in (10, 200, 5000):
        ticket = world.ticket(f"after {minutes}", by=world.agent)
        asked = now - timedelta(days=4)
        Ticket.objects.filter(pk=ticket.pk).update(
            created_at=asked, first_responded_at=asked + timedelta(minutes=minutes)
        )
    assert MEDIAN.findall(overseer.get("/desk/home/").content.decode()) == ["3 h 20 min"]


def test_those_who_wait_longest_stand_below_the_figures(world: World, overseer: Client) -> None:
    tickets = [world.ticket(f"number {index}") for index in range(12)]
    Ticket.objects.filter(pk=tickets[5].pk).update(waiting_since=datetime(2020, 1, 1, tzinfo=UTC))
    page = overseer.get("/desk/home/").content.decode()
    oldest = section(page, "oldest")
    assert oldest == [tickets[5].number, *[ticket.number for ticket in tickets if ticket != tickets[5]][:9]]


def test_figures_of_a_supervisor_of_one_team_count_its_tickets_alone(
    world: World, sign_in: Callable[[User], Client]
) -> None:
    client = sign_in(stories.staff("supervisor", team=world.team))
    inside, _outside = world.ticket("inside", team=world.team), world.ticket("outside")
    page = client.get("/desk/home/").content.decode()
    assert [number for _, number in DRAWN.findall(page)] == ["1"]
    assert section(page, "oldest") == [inside.number]
    for address, number in [*DRAWN.findall(page), *SHARE.findall(page)]:
        assert length(client, address) == int(number), address


def test_who_left_the_desk_keeps_his_name_in_the_figures(world: World, overseer: Client) -> None:
    world.ticket(assignee=world.colleague, by=world.agent)
    User.objects.filter(pk=world.colleague.pk).update(is_active=False)
    assert '<span class="share-name truncate">Tom</span>' in overseer.get("/desk/home/").content.decode()


def test_more_than_can_be_counted_is_said(world: World, overseer: Client, monkeypatch: Any) -> None:
    monkeypatch.setattr("deskbell.tickets.figures.MOST", 2)
    monkeypatch.setattr("deskbell.desk.overview.MOST", 2)
    for name in ("one", "two", "three"):
        world.ticket(name)
    page = overseer.get("/desk/home/").content.decode()
    assert page.count("There are more than 2: too many to count here.") == 2
    assert DRAWN.findall(page) == SHARE.findall(page) == []


def test_counting_that_takes_too_long_leaves_the_charts_out(
    world: World, overseer: Client, monkeypatch: Any
) -> None:
    monkeypatch.setattr("deskbell.tickets.figures.TIMEOUT", 1)
    monkeypatch.setattr("deskbell.tickets.figures._counted", _sleep)
    ticket = world.ticket()
    page = overseer.get("/desk/home/").content.decode()
    assert "Counting took too long" in page
    assert section(page, "oldest") == [ticket.number]


def _sleep(*_: object) -> list[Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_sleep(1)")
        return cursor.fetchall()


def test_an_auditor_sees_figures_and_a_customer_is_sent_home(
    world: World, sign_in: Callable[[User], Client]
) -> None:
    assert "Created and resolved per day" in sign_in(world.auditor).get("/desk/home/").content.decode()
    assert sign_in(world.customer).get("/desk/home/")["Location"] == "/"
