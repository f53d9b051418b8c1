"""A random desk, who should see what of it by a plain reading of the rules, and what each door shows him.

The oracle knows nothing of the product's own rules: it reads grants, tickets and copies as plain values.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from django.test import Client
from django.urls import reverse
from hypothesis import strategies as st

from deskbell.events.actor import SYSTEM
from deskbell.events.models import Event
from deskbell.files.actions import store
from deskbell.people import actions as people
from deskbell.people.models import Team, User
from deskbell.realtime import hub
from deskbell.realtime.topics import topics_of
from deskbell.search.queries import search
from deskbell.tickets import actions
from deskbell.tickets.content import Content, NewFile
from deskbell.tickets.forwards import Forward
from deskbell.tickets.listing import counts
from deskbell.tickets.models import Attachment, Queue, Ticket
from tests import stories

SCOPES = ("all", "team", "queue", "assigned", "organization")
#: notices that somebody said something
SAID = {"ticket.message_added", "ticket.forwarded", "ticket.supplier_answered"}
#: ends of words that only staff may read: of a note, a forward and a supplier's answer
INSIDE = ("secret", "forwarded", "answered")
somewhere = st.sampled_from((None, 0, 1))


@dataclass(frozen=True)
class Given:
    """`team` and the like are numbers of those of the desk, None for none."""

    scope: str
    desk: bool
    team: int | None

    @property
    def works(self) -> bool:
        return self.desk and self.scope != "organization"

    @property
    def place(self) -> int | None:
        return None if self.scope == "organization" else self.team


@dataclass(frozen=True)
class Asked:
    requester: str
    team: int | None
    queue: int
    assigned: bool
    copied: bool
    trashed: bool
    #: all was said in another ticket, which was merged into this one and thrown away
    merged: bool


@dataclass(frozen=True)
class Plan:
    """`queues` names the team of each queue; `organization` is the person's, "theirs" or none."""

    grants: tuple[Given, ...]
    organization: bool
    queues: tuple[int | None, ...]
    tickets: tuple[Asked, ...]

    @property
    def staff(self) -> bool:
        return any(given.works for given in self.grants)

    def as_staff(self, asked: Asked) -> bool:
        teams = {given.place for given in self.grants} - {None}
        for given in self.grants:
            if not given.works:
                continue
            here = teams if given.place is None else {given.place}
            if (
                (asked.assigned and self.staff)
                or (given.scope == "all" and given.place is None)
                or (given.scope in {"all", "team"} and asked.team in here)
                or (given.scope == "queue" and self.queues[asked.queue] in here)
            ):
                return True
        return False

    def as_customer(self, asked: Asked) -> bool:
        manages = any(given.scope == "organization" for given in self.grants)
        colleague = asked.requester in {"himself", "colleague"}
        return not asked.trashed and (
            asked.requester == "himself"
            or (asked.requester == "part" and not self.staff)
            or (asked.copied and asked.requester != "himself")
            or (manages and self.organization and colleague)
        )


given = st.builds(Given, scope=st.sampled_from(SCOPES), desk=st.booleans(), team=somewhere)
asked = st.builds(
    Asked,
    requester=st.sampled_from(("himself", "part", "colleague", "stranger")),
    team=somewhere,
    queue=st.integers(0, 2),
    assigned=st.booleans(),
    copied=st.booleans(),
    trashed=st.booleans(),
    merged=st.booleans(),
)
plans = st.builds(
    Plan,
    grants=st.lists(given, max_size=3).map(tuple),
    organization=st.booleans(),
    queues=st.tuples(somewhere, somewhere, somewhere),
    tickets=st.lists(asked, min_size=1, max_size=3).map(tuple),
)


@dataclass
class Made:
    plan: Asked
    ticket: Ticket
    word: str
    files: dict[str, int]


class Desk:
    """The plan as rows, made by the product's own actions."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.owner = stories.staff("owner")
        company = stories.organization()
        self.teams = [stories.team(), stories.team()]
        self.queues = [
            Queue.objects.create(name=f"Queue {n}", slug=f"queue-{n}", position=50 + n, team=self._team(team))
            for n, team in enumerate(plan.queues)
        ]
        self.people = {
            "himself": stories.customer(company if plan.organization else None),
            "colleague": stories.customer(company),
            "stranger": stories.customer(),
            # was merged into him, unless he works at the desk
            "part": stories.customer(),
        }
        self._give(plan)
        self.person = User.objects.get(pk=self.people["himself"].pk)
        self.tickets = [self._make(n, each) for n, each in enumerate(plan.tickets)]
        if not plan.staff:
            people.merge(self.people["part"], self.person, by=self.owner)

    def _team(self, number: int | None) -> Team | None:
        return None if number is None else self.teams[number]

    def _give(self, plan: Plan) -> None:
        for n, each in enumerate(plan.grants):
            powers = ["desk.enter", "ticket.reply"] if each.works else []
            role = people.create_role(f"Role {n}", scope=each.scope, permissions=powers, by=SYSTEM)
            people.grant(self.people["himself"], role.slug, team=self._team(each.place))

    def _make(self, n: int, plan: Asked) -> Made:
        word = f"zebra{'abc'[n]}"
        ticket = self._open(
            plan,
            "Nothing" if plan.merged else f"{word}public",
            team=self._team(plan.team),
            queue=self.queues[plan.queue],
            assignee=self.person if plan.assigned and self.plan.staff else None,
        )
        said_in = self._open(plan, f"{word}public") if plan.merged else ticket
        if (now := self._team(plan.team)) != ticket.team:  # a queue gives its team where none was named
            ticket = actions.change(ticket, by=self.owner, team=now)
        actions.note(said_in, _said(f"{word}secret"), by=self.owner)
        _ask_a_supplier(said_in, word, by=self.owner)
        if plan.merged:
            actions.merge(said_in, ticket, by=self.owner)
            actions.trash(said_in, by=self.owner)
        if plan.copied:
            actions.add_copy(ticket, self.person, by=self.owner)
        if plan.trashed:
            actions.trash(ticket, by=self.owner)
        files = Attachment.objects.filter(message__ticket=ticket, filename__startswith=word)
        files = files.values_list("filename", "pk")
        named = {filename.removeprefix(word).removesuffix(".txt"): pk for filename, pk in files}
        return Made(plan, Ticket.objects.get(pk=ticket.pk), word, named)

    def _open(self, plan: Asked, words: str, **more: Any) -> Ticket:
        return actions.open_ticket(
            requester=self.people[plan.requester],
            subject="Subject",
            content=_said(words),
            by=self.owner,
            source="phone",
            **more,
        )


def _ask_a_supplier(ticket: Ticket, word: str, *, by: User) -> None:
    """What the customer wrote is sent on with a word of its own, and the answer has another."""
    first = ticket.messages.order_by("pk")[0]
    given = Forward(to=["parts@supplier.example"], text=f"{word}forwarded", messages=[first.pk])
    forwarded = actions.forward(ticket, given, by=by)
    supplier, _ = people.person_for_email("parts@supplier.example", name="Parts", how="mail")
    answer = _said(f"{word}answered")
    actions.supplier_answer(forwarded, answer, asked="parts@supplier.example", by=supplier)


def _said(word: str) -> Content:
    return Content(
        text=word, new_text=word, html=f"<p>{word}</p>", files=[NewFile(store(b"x"), f"{word}.txt")]
    )


def agree(plan: Plan) -> None:
    """Every door shows the person what the plan says, of every ticket. AssertionError names the door."""
    desk = Desk(plan)
    person = desk.person
    browser, api = (
        Client(),
        Client(headers={"Authorization": f"Bearer {people.create_token(person, name='a')}"}),
    )
    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    listed = {row["number"] for row in _json(api, "/tickets")["items"]}
    in_lists = {each.ticket.number for each in desk.tickets if _listed(plan, each.plan)}
    assert listed == in_lists, "list of the API"
    rows = Ticket.objects.visible_to(person).values_list("number", flat=True)
    assert set(rows) == in_lists, "visible tickets"
    worked = sum(plan.as_staff(each.plan) and not each.plan.trashed for each in desk.tickets)
    assert counts(person)["open"] == worked, "count of open tickets"
    for each in desk.tickets:
        _agree_on(plan, each, person, browser, api, desk.owner)


def _listed(plan: Plan, asked: Asked) -> bool:
    return not asked.trashed and (plan.as_staff(asked) or plan.as_customer(asked))


def _agree_on(plan: Plan, each: Made, person: User, browser: Client, api: Client, owner: User) -> None:
    staff, customer = plan.as_staff(each.plan), plan.as_customer(each.plan)
    sees, number = staff or customer, each.ticket.number
    seen: dict[str, Any] = {
        "ticket of the API": (_status(api, f"/tickets/{number}") == 200, sees),
        "page of the desk": (
            browser.get(reverse("desk:ticket", args=[number])).status_code == 200,
            plan.staff and staff,
        ),
        "public file": (_status(api, f"/attachments/{each.files['public']}") == 200, sees),
        "internal file": (_status(api, f"/attachments/{each.files['secret']}") == 200, staff),
        "supplier's file": (_status(api, f"/attachments/{each.files['answered']}") == 200, staff),
    }
    if not each.plan.trashed:
        # staff are sent on to the desk, where they read the note
        page = browser.get(reverse("portal:ticket", args=[number]), follow=True)
        seen["page of the portal"] = (page.status_code == 200, sees)
        for inside in INSIDE:
            seen[f"{inside} on the page"] = (f"{each.word}{inside}" in page.content.decode(), staff)
        if plan.staff:  # nobody else comes to the search of the desk
            seen["search of the desk"] = (bool(search(person, f"{each.word}public")), staff)
            for inside in INSIDE:
                seen[f"{inside} in the search"] = (bool(search(person, f"{each.word}{inside}")), staff)
        found = bool(search(person, f"{each.word}public", staff=False))
        seen["search of the portal"] = (found, customer)
        for inside in INSIDE:
            hits = search(person, f"{each.word}{inside}", staff=False)
            seen[f"{inside} in the portal's search"] = (bool(hits), False)
        seen |= _heard(each, person, owner, staff, sees)
    if sees:
        told = {row["id"] for row in _json(api, f"/tickets/{number}/events")["items"]}
        rows = Event.objects.filter(about_kind="ticket", about_id=each.ticket.pk)
        wanted = set((rows if staff else rows.filter(audience="public")).values_list("pk", flat=True))
        seen["events of the API"] = (told, wanted)
        texts = " ".join(row["text"] or "" for row in _json(api, f"/tickets/{number}/messages")["items"])
        for inside in INSIDE:
            seen[f"{inside} of the API"] = (f"{each.word}{inside}" in texts, staff)
    wrong = {door: shown for door, (shown, right) in seen.items() if shown != right}
    assert not wrong, (each.plan, wrong)


def _heard(each: Made, person: User, owner: User, staff: bool, sees: bool) -> dict[str, tuple[bool, bool]]:
    mine, heard = set(topics_of(User.objects.get(pk=person.pk))), {}
    writes: list[tuple[str, Callable[[], Any], bool]] = [
        ("note", lambda: actions.note(each.ticket, Content.markdown("More."), by=owner), staff),
        ("answer", lambda: actions.reply(each.ticket, Content.markdown("More."), by=owner), sees),
        ("forward and its answer", lambda: _ask_a_supplier(each.ticket, "more", by=owner), staff),
    ]
    for name, write, right in writes:
        with patch.object(hub, "publish") as publish:
            write()
        told = [call.args for call in publish.call_args_list if call.args[1]["kind"] in SAID]
        assert told, name
        heard[f"live notice of a {name}"] = (any(mine & set(topics) for topics, _data in told), right)
    return heard


def _status(api: Client, path: str) -> int:
    return api.get(f"/api/v1{path}").status_code


def _json(api: Client, path: str) -> Any:
    answer = api.get(f"/api/v1{path}")
    assert answer.status_code == 200, (path, answer.content)
    return answer.json()
