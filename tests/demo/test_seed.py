"""`deskbell seed` writes what the actions would have written."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from deskbell.demo import seed
from deskbell.demo.clock import Clock
from deskbell.demo.seed import crowd, plots, words
from deskbell.demo.seed.plots import Act, Plot
from deskbell.demo.seed.rows import Ledger, Names
from deskbell.events.actor import SYSTEM
from deskbell.kit import markdown
from deskbell.people import actions as people
from deskbell.people.models import Team, User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Queue, Status, Ticket, TicketType

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

#: columns that name a row or the moment of writing, which two tellings of one story do not share
OWN = {"id", "number", "xact", "cause_id"}
TICKS = timedelta(seconds=1)


def _setting(messages: int = 4) -> plots.Setting:
    now = timezone.now()
    return plots.Setting(
        crowd=crowd.ensure(now),
        queues=list(Queue.objects.order_by("position").values_list("slug", flat=True)),
        types=list(TicketType.objects.order_by("position").values_list("slug", flat=True)),
        now=now,
        tickets=4000,
        messages=messages,
    )


# --- the same story through the actions ---------------------------------------------------------


def _told(plot: Plot, clock: Clock) -> int:
    """The id of the ticket that the actions make of `plot`."""
    named = {plot.requester.user, plot.taken_by, plot.copy, *(act.by for act in plot.acts)}
    users = {user.pk: user for user in User.objects.filter(pk__in=named - {None})}
    clock.set(plot.at)
    requester = users[plot.requester.user]
    mail = plot.source == "mail"
    ticket = actions.open_ticket(
        requester=requester,
        subject=plot.subject,
        content=_content(plot.text, mail=mail),
        by=users[plot.taken_by] if plot.taken_by else requester,
        source=plot.source,
        channel="email" if mail else "web",
        queue=Queue.objects.get(slug=plot.queue),
        team=Team.objects.get(pk=plot.team),
        priority=plot.priority,
        type=TicketType.objects.get(slug=plot.type),
        due_at=plot.due_at,
        tags=plot.tags,
        copy=[users[plot.copy]] if plot.copy else [],
    )
    for act in plot.acts:
        clock.set(act.at)
        _act(Ticket.objects.get(pk=ticket.pk), act, users.get(act.by or 0), mail)
    return ticket.pk


def _content(text: str, *, mail: bool) -> Content:
    if mail:
        return Content(text=text, new_text=text, html=words.html(text), markup="mail")
    return Content.markdown(text)


def _act(ticket: Ticket, act: Act, by: User | None, mail: bool) -> None:
    status = Status.objects.get(slug=act.status) if act.status else None
    match act.verb:
        case "reply":
            actions.reply(ticket, Content.markdown(act.text), by=by, status=status)
        case "customer_reply":
            content = _content(act.text, mail=mail)
            actions.customer_reply(ticket, content, by=by, channel=ticket.channel)
        case "note":
            actions.note(ticket, Content.markdown(act.text), by=by)
        case "change_status":
            actions.change(ticket, by=by, status=status)
        case "assign":
            actions.assign(ticket, User.objects.get(pk=act.to), by=by)
        case verb:
            getattr(actions, verb)(ticket, by=by or SYSTEM)


# --- what was written ---------------------------------------------------------------------------


def _rows(table: str, condition: str, tickets: list[int]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(f"select * from {table} where {condition} order by id", [tickets])
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _written(ticket: int) -> dict[str, list[dict[str, Any]]]:
    own = "ticket_id = any(%s)"
    found = {
        "ticket": _rows("tickets_ticket", "id = any(%s)", [ticket]),
        "messages": _rows("tickets_message", own, [ticket]),
        "events": _rows("events_event", "about_kind = 'ticket' and about_id = any(%s)", [ticket]),
        "watchers": _rows("tickets_watcher", own, [ticket]),
        "read marks": _rows("tickets_readmark", own, [ticket]),
        "tags": _rows("tickets_ticket_tags", own, [ticket]),
        "documents": _rows("search_document", own, [ticket]),
    }
    places = {message["id"]: place for place, message in enumerate(found["messages"])}
    return {name: [_comparable(row, ticket, places) for row in rows] for name, rows in found.items()}


def _comparable(row: dict[str, Any], ticket: int, places: dict[int, int]) -> dict[str, Any]:
    """`row` without ids of its own; messages by their place in the ticket."""
    plain = {name: value for name, value in row.items() if name not in OWN}
    for name in ("ticket_id", "about_id"):
        if name in plain:
            assert plain[name] == ticket
            plain[name] = "the ticket"
    for name in ("message_id", "last_message_id"):
        if plain.get(name):
            plain[name] = places[plain[name]]
    if "object_id" in plain:
        plain["object_id"] = places[plain["object_id"]] if plain["kind"] == "message" else "the ticket"
    if "data" in plain:
        plain["data"] = json.loads(plain["data"])
        if "message_id" in plain["data"]:
            plain["data"]["message_id"] = places[plain["data"]["message_id"]]
        plain["data"].pop("number", None)
    return plain


def _same(one: Any, other: Any) -> bool:
    """Equal, or times within the ticks of one action."""
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(one - other) < TICKS
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    return bool(one == other)


def _differences(seeded: dict[str, list], told: dict[str, list]) -> list[str]:
    found = []
    for name, rows in told.items():
        if name in ("tags", "documents"):
            rows = sorted(rows, key=repr)
            seeded[name].sort(key=repr)
        if len(rows) != len(seeded[name]):
            found.append(f"{name}: {len(seeded[name])} seeded, {len(rows)} by actions")
        for mine, theirs in zip(seeded[name], rows, strict=False):
            found += [
                f"{name}.{column}: {mine.get(column)!r} seeded, {theirs[column]!r} by actions"
                for column in theirs
                if not _same(mine.get(column), theirs[column])
            ]
    return found


def test_every_kind_of_story_is_written_as_the_actions_write_it():
    setting, random, clock = _setting(), Random(5), Clock()
    moments = plots.openings(40, setting.now, random)
    # young and old ones, so that every standing occurs
    made = [plots.plot(at, (40 - place) * 40, setting, random) for place, at in enumerate(moments)]
    ledger = Ledger(Names.read())
    for plot in made:
        ledger.tell(plot)
    seed.write(ledger)
    verbs = Counter(act.verb for plot in made for act in plot.acts)
    assert {
        "reply",
        "customer_reply",
        "note",
        "claim",
        "assign",
        "resolve",
        "close",
        "mark_read",
    } <= set(verbs)
    for plot, ticket in zip(made, ledger.tickets, strict=True):
        with clock.running():
            told = _told(plot, clock)
        assert _differences(_written(ticket.id), _written(told)) == [], plot


def test_rare_stories_are_written_as_the_actions_write_them():
    setting, random, clock = _setting(), Random(6), Clock()
    requester, worker = setting.crowd.customers[0], setting.crowd.desk[0]
    at = setting.now - timedelta(days=2)
    plot = plots.plot(at, 0, setting, random)
    plot.requester, plot.copy, plot.taken_by = requester, setting.crowd.customers[5].user, worker
    more = Act(at + timedelta(hours=2), "customer_reply", requester.user, words.paragraphs("asked", random))
    spam, trash = (
        Act(at + timedelta(hours=hours), verb, worker) for hours, verb in ((1, "mark_spam"), (3, "trash"))
    )
    watch = Act(at + timedelta(hours=2), "watch", worker)
    for acts in ([spam, more], [more, trash], [watch]):
        plot.acts = acts
        ledger = Ledger(Names.read())
        ledger.tell(plot)
        seed.write(ledger)
        with clock.running():
            told = _told(plot, clock)
        assert _differences(_written(ledger.tickets[0].id), _written(told)) == []


def test_a_person_of_the_crowd_is_written_as_the_actions_write_one():
    now = timezone.now()
    made = crowd.ensure(now)
    team = Team.objects.get(pk=made.teams[0])
    clock = Clock()
    clock.set(now)
    for role, domain, of, seeded in (
        ("agent", "elsewhere.example", team, User.objects.get(email=f"agent_of_team0@{crowd.DOMAIN}")),
        ("customer", f"c001.{crowd.DOMAIN}", None, User.objects.get(pk=made.customers[1].user)),
    ):
        with clock.running():
            told = people.create_user(f"{role}@{domain}", name=seeded.name, role=role, team=of)
        assert _person(seeded) == _person(told)


def _person(user: User) -> dict[str, Any]:
    """Everything about a person but his own ids, address and times."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select kind, data, audience, actor_kind from events_event"
            " where about_kind = 'user' and about_id = %s order by id",
            [user.pk],
        )
        events = [(kind, "identity_id" in data or data, *rest) for kind, data, *rest in cursor.fetchall()]
    user.refresh_from_db()
    return {
        "events": events,
        "identities": [
            (each.kind, each.scope, each.primary, each.verified_how, each.verified_at is not None)
            for each in user.identities.all()
        ],
        "grants": list(user.grants.order_by("pk").values_list("role__slug", "team__name")),
        "addresses": list(user.emailaddress_set.values_list("verified", "primary")),
        "organization": user.organization_id,
        "rest": [user.language, user.time_zone, user.notes, user.is_active, user.has_usable_password()],
    }


def test_the_words_need_no_markdown():
    random = Random(3)
    for kind in ("asked", "answered", "noted"):
        for _ in range(50):
            text = words.paragraphs(kind, random)
            assert words.html(text) == markdown.to_html(text)


@pytest.mark.django_db(transaction=True)
def test_a_seed_adds_as_many_tickets_and_messages_as_asked_and_the_desk_goes_on_numbering():
    seed.run(30, messages=3, seed=4)
    tickets = Ticket.objects.all()
    assert tickets.count() == 30
    assert {ticket.messages.count() for ticket in tickets} == {3}
    requester = tickets[0].requester
    opened = actions.open_ticket(
        requester=requester, subject="Next", content=Content.markdown("One more."), by=requester, source="web"
    )
    assert opened.number > max(ticket.number for ticket in tickets if ticket.pk != opened.pk)
    seed.run(10, seed=5)
    assert Ticket.objects.count() == 41
    assert User.objects.filter(email__endswith=crowd.DOMAIN).count() == crowd.CUSTOMERS + 40


def test_a_seed_of_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one ticket"):
        seed.run(0)
