"""What an administrator shapes: each rule, and that a refusal changes nothing."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from deskbell.events.models import Event
from deskbell.people import actions as people
from deskbell.people.models import Grant, Organization, Site, Team, User
from deskbell.tickets import actions
from deskbell.tickets.actions import shaping
from deskbell.tickets.models import Queue, Status, Tag, TicketType
from tests.setup.conftest import page
from tests.stories import customer, fresh, organization, staff, team, ticket

KEY = "abcdefghijklmnopqrstuv"


def sent(web, path: str, /, **values) -> str:
    """The page after a form."""
    return web.post(f"/setup/{path}", values, follow=True).content.decode()


def kinds(beginning: str) -> list[str]:
    return list(
        Event.objects.filter(kind__startswith=beginning).order_by("pk").values_list("kind", flat=True)
    )


def trail(web) -> list[str]:
    text = re.sub(r"\s+", " ", page(web, "/setup/audit/"))
    return re.findall(r"<td>([^<]+?) <span class=\"faint code small setup-kind\">", text)


# --- queues ---------------------------------------------------------------------------------------


def test_a_queue_is_made_once_renamed_and_told_in_the_trail(web):
    net = team("Net")
    form = {
        "name": "Projects",
        "team": net.pk,
        "address": "projects@desk.example",
        "public": "on",
        "active": "on",
    }
    for _ in range(2):
        assert web.post("/setup/queues/new/", form | {"once": KEY}).url == "/setup/queues/"
    assert "“Projects” is saved." in page(web, "/setup/queues/")
    changed = sent(web, "queues/new/", once=KEY, name="Others")
    assert "was sent before with other words" in changed
    made = Queue.objects.get(name="Projects")
    assert (made.slug, made.team, made.position) == ("projects", net, 4)
    sent(web, f"queues/{made.pk}/", **form | {"name": "Big projects"})
    assert Queue.objects.get(pk=made.pk).slug == "projects"
    assert kinds("queue.") == ["queue.added", "queue.changed"]
    assert trail(web)[:2] == ["changed the queue “Projects”: name", "added the queue “Projects”"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "SUPPORT"}, "There is one of this name already."),
        ({"name": "x", "slug": "support"}, "There is one of this name already."),
        ({"name": ""}, "This field is required."),
        ({"name": "x", "slug": "not a slug"}, "Enter a valid “slug”"),
        ({"name": "x", "address": "HELP@desk.example"}, "Another queue has this address."),
        ({"name": "x", "address": "nonsense"}, "Enter a valid email address."),
    ],
)
def test_a_bad_queue_is_told_beside_the_field(web, values, said):
    Queue.objects.filter(slug="billing").update(address="help@desk.example")
    answer = web.post("/setup/queues/new/", {"active": "on"} | values)
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert Queue.objects.count() == 4
    assert kinds("queue.") == []


@pytest.mark.parametrize("change", [{"public": "on"}, {"active": "on"}])
def test_the_last_public_queue_stays_open(web, change):
    Queue.objects.exclude(slug="support").update(public=False)
    last = Queue.objects.get(slug="support")
    assert "This is the last queue customers can choose." in sent(
        web, f"queues/{last.pk}/", name="Support", **change
    )
    assert Queue.objects.get(pk=last.pk).public and Queue.objects.get(pk=last.pk).active
    assert "This is the last queue" in sent(web, f"queues/{last.pk}/removal/")
    Queue.objects.filter(slug="hardware").update(public=True)
    assert "is saved" in sent(web, f"queues/{last.pk}/", name="Support", **change)


def test_a_queue_with_tickets_is_switched_off_and_an_empty_one_removed(web):
    asked = ticket()
    assert "Switch it off instead" in sent(web, f"queues/{asked.queue_id}/removal/")
    assert Queue.objects.filter(pk=asked.queue_id).exists()
    assert kinds("queue.") == []
    empty = Queue.objects.get(slug="billing")
    assert "Remove “Billing”?" in page(web, f"/setup/queues/{empty.pk}/removal/")
    sent(web, f"queues/{empty.pk}/removal/")
    assert not Queue.objects.filter(pk=empty.pk).exists()
    assert kinds("queue.") == ["queue.removed"]
    assert trail(web)[0] == "removed the queue “Billing”"


def test_a_ticket_by_mail_goes_past_a_queue_that_was_switched_off(db):
    from deskbell.channels.actions import add_channel
    from deskbell.channels.inbound import receive
    from deskbell.channels.models import InboundItem
    from deskbell.tickets.models import Ticket

    billing = Queue.objects.get(slug="billing")
    mailbox = add_channel("email", name="Bills", address="bills@desk.example")
    mailbox.queue = billing
    mailbox.save()
    Queue.objects.filter(pk=billing.pk).update(active=False)
    item = InboundItem.objects.create(
        channel=mailbox, raw=b"From: a@x.example\r\nSubject: s\r\nMessage-ID: <1@x>\r\n\r\nHello"
    )
    receive(item.pk)
    assert Ticket.objects.get().queue.slug == "support"


# --- order ----------------------------------------------------------------------------------------


def order(model) -> list[str]:
    return list(model.objects.order_by("position", "pk").values_list("slug", flat=True))


def test_a_queue_moves_by_one_place_and_once_a_click(web):
    network = Queue.objects.get(slug="network")
    for _ in range(2):
        sent(web, f"queues/{network.pk}/move/", to="up", once=KEY)
    assert order(Queue) == ["support", "network", "hardware", "billing"]
    first = Queue.objects.get(slug="support")
    sent(web, f"queues/{first.pk}/move/", to="up")
    assert order(Queue) == ["support", "network", "hardware", "billing"]
    assert kinds("queue.") == ["queue.changed"]
    assert web.post(f"/setup/queues/{first.pk}/move/", {"to": "sideways"}).status_code == 404


def test_a_status_moves_within_its_category(web):
    before = order(Status)
    closed = Status.objects.get(slug="closed")  # the first of its category
    sent(web, f"statuses/{closed.pk}/move/", to="up")
    assert order(Status) == before
    sent(web, f"statuses/{closed.pk}/move/", to="down")
    assert order(Status)[-3:] == ["cancelled", "closed", "duplicate"]


# --- statuses -------------------------------------------------------------------------------------


def test_the_category_of_a_status_is_fixed_once_a_ticket_has_it(web, owner):
    status = Status.objects.get(slug="in-progress")
    sent(web, f"statuses/{status.pk}/", label="Busy", category="on_hold", active="on")
    assert Status.objects.get(pk=status.pk).category == "on_hold"
    sent(web, f"statuses/{status.pk}/", label="Busy", category="open", active="on")
    actions.change(ticket(), by=owner, status=Status.objects.get(pk=status.pk))
    assert "so its category stays" in page(web, f"/setup/statuses/{status.pk}/")
    sent(web, f"statuses/{status.pk}/", label="Busier", category="on_hold", active="on")
    now = Status.objects.get(pk=status.pk)
    assert (now.label, now.category) == ("Busier", "open")
    with pytest.raises(shaping.CategoryFixed):
        shaping.change_status(now, by=owner, category="pending")


def test_each_category_keeps_exactly_one_default(web):
    first, other = Status.objects.get(slug="closed"), Status.objects.get(slug="cancelled")
    sent(web, f"statuses/{first.pk}/", label="Closed", category="closed", active="on")
    assert Status.objects.get(category="closed", default=True) == first
    assert "Make another one of its category the default" in sent(
        web, f"statuses/{first.pk}/", label="Closed", category="closed"
    )
    assert "Make another one of its category the default" in sent(web, f"statuses/{first.pk}/removal/")
    assert Status.objects.get(pk=first.pk).active
    sent(web, f"statuses/{other.pk}/", label="Cancelled", category="closed", active="on", default="on")
    assert Status.objects.get(category="closed", default=True) == other
    sent(web, f"statuses/{first.pk}/", label="Closed", category="closed")
    assert not Status.objects.get(pk=first.pk).active


def test_a_status_switched_off_cannot_become_the_default(web):
    status = Status.objects.get(slug="cancelled")
    text = sent(web, f"statuses/{status.pk}/", label="Cancelled", category="closed", default="on")
    assert "the default first" in text
    assert Status.objects.get(category="closed", default=True).slug == "closed"


def test_without_its_own_status_a_claimed_ticket_is_simply_open(web, owner):
    status = Status.objects.get(slug="in-progress")
    sent(web, f"statuses/{status.pk}/removal/")
    assert not Status.objects.filter(pk=status.pk).exists()
    asked = ticket()
    actions.claim(asked, by=owner)
    assert fresh(asked).status.slug == "open"


@pytest.mark.parametrize(
    ("path", "values"),
    [("statuses/new/", {"label": "CLOSED", "category": "open"}), ("types/new/", {"name": "incident"})],
)
def test_a_name_is_there_once(web, path, values):
    assert "There is one of this name already." in sent(web, path, active="on", **values)
    assert kinds("status.") + kinds("type.") == []


# --- types and tags -------------------------------------------------------------------------------


def test_a_type_in_use_stays_and_is_switched_off(web, owner):
    kind = TicketType.objects.get(slug="task")
    actions.change(ticket(), by=owner, type=kind)
    assert "Switch it off instead" in sent(web, f"types/{kind.pk}/removal/")
    sent(web, f"types/{kind.pk}/", name="Task")
    assert not TicketType.objects.get(pk=kind.pk).active
    spare = TicketType.objects.get(slug="problem")
    sent(web, f"types/{spare.pk}/removal/")
    assert not TicketType.objects.filter(pk=spare.pk).exists()
    assert kinds("type.") == ["type.changed", "type.removed"]


def test_tags_are_renamed_merged_and_removed(web, owner):
    one, both = ticket(), ticket()
    actions.tag(one, "pritner", by=owner)
    actions.tag(both, "pritner", by=owner)
    actions.tag(both, "Printer", by=owner)
    wrong, right = Tag.objects.get(name="pritner"), Tag.objects.get(name="Printer")
    assert "2 tickets" in page(web, "/setup/tags/?q=prit")
    assert "Merge the two below" in sent(web, f"tags/{wrong.pk}/", name="printer")
    assert "There is no tag of this name." in sent(web, f"tags/{wrong.pk}/merging/", into="nothing")
    assert "This is the same tag." in sent(web, f"tags/{wrong.pk}/merging/", into="pritner")
    assert Tag.objects.count() == 2
    sent(web, f"tags/{wrong.pk}/merging/", into="printer")
    assert [[tag.name for tag in fresh(each).tags.all()] for each in (one, both)] == [
        ["Printer"],
        ["Printer"],
    ]
    sent(web, f"tags/{right.pk}/", name="Printers")
    sent(web, f"tags/{right.pk}/removal/")
    assert not fresh(one).tags.exists()
    assert kinds("tag.") == ["tag.merged", "tag.renamed", "tag.removed"]
    assert trail(web)[:3] == [
        "removed the tag “Printers” from 2 tickets",
        "renamed the tag “Printer” to “Printers”",
        "merged the tag “pritner” into “Printer” on 1 ticket",
    ]


# --- teams ----------------------------------------------------------------------------------------


def test_a_team_gets_and_loses_people(web):
    net, agent = team("Net"), staff(name="Ann Agent")
    sent(web, f"teams/{net.pk}/members/", person=agent.pk, role="agent")
    grant = Grant.objects.get(user=agent, team=net)
    assert "Ann Agent" in page(web, f"/setup/teams/{net.pk}/")
    assert "Select a valid choice" in sent(
        web, f"teams/{net.pk}/members/", person=customer().pk, role="agent"
    )
    assert "Select a valid choice" in sent(web, f"teams/{net.pk}/members/", person=agent.pk, role="customer")
    sent(web, f"teams/{net.pk}/members/{grant.pk}/removal/")
    assert not Grant.objects.filter(team=net).exists()


def test_a_team_in_use_is_not_removed_and_not_switched_off_under_a_queue(web):
    net = team("Net")
    queue = Queue.objects.get(slug="network")
    Queue.objects.filter(pk=queue.pk).update(team=net)
    assert "A queue gives its tickets to this team." in sent(web, f"teams/{net.pk}/", name="Net")
    assert "Switch it off instead" in sent(web, f"teams/{net.pk}/removal/")
    Queue.objects.filter(pk=queue.pk).update(team=None)
    member = staff(team=net)
    assert "Switch it off instead" in sent(web, f"teams/{net.pk}/removal/")
    assert Team.objects.get(pk=net.pk).active
    sent(web, f"teams/{net.pk}/", name="Net")
    assert not Team.objects.get(pk=net.pk).active
    Grant.objects.filter(user=member, team=net).delete()
    sent(web, f"teams/{net.pk}/removal/")
    assert not Team.objects.filter(pk=net.pk).exists()
    assert kinds("team.") == ["team.added", "team.changed", "team.removed"]


# --- organisations and sites ----------------------------------------------------------------------


def test_an_organisation_has_domains_and_its_people_join_by_them(web):
    sent(web, "organizations/new/", name="Acme", domains="Acme.example\n@büro.example", notes="Mondays")
    acme = Organization.objects.get()
    assert sorted(acme.domains.values_list("domain", flat=True)) == ["acme.example", "xn--bro-hoa.example"]
    person, _ = people.person_for_email("ada@acme.example", how="mail")
    assert person.organization == acme
    sent(web, f"organizations/{acme.pk}/", name="Acme", domains="acme.example", notes="Mondays")
    assert list(acme.domains.values_list("domain", flat=True)) == ["acme.example"]


@pytest.mark.parametrize(
    ("domains", "said"),
    [
        ("gmail.com", "Anybody can have an address at gmail.com"),
        ("Yahoo.co.uk", "Anybody can have an address at Yahoo.co.uk"),
        ("no domain", "“no” is not a mail domain."),
        ("a..b", "“a..b” is not a mail domain."),
        ("other.example", "other.example belongs to Other."),
    ],
)
def test_a_domain_that_cannot_be_is_told_beside_the_field(web, domains, said):
    people.create_organization("Other", domains=["other.example"])
    answer = web.post("/setup/organizations/new/", {"name": "Acme", "domains": f"acme.example {domains}"})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert not Organization.objects.filter(name="Acme").exists()


def test_people_join_and_leave_an_organisation(web):
    acme, ada = organization("Acme"), customer(name="Ada")
    assert "Nobody with this address" in sent(web, f"organizations/{acme.pk}/people/", email="x@y.example")
    sent(web, f"organizations/{acme.pk}/people/", email=ada.email)
    assert User.objects.get(pk=ada.pk).organization == acme
    assert "so it stays" in sent(web, f"organizations/{acme.pk}/removal/")
    sent(web, f"organizations/{acme.pk}/people/{ada.pk}/removal/")
    assert User.objects.get(pk=ada.pk).organization is None
    sent(web, f"organizations/{acme.pk}/removal/")
    assert not Organization.objects.exists()
    assert trail(web)[0] == "removed the organisation"


def test_an_organisation_with_tickets_stays(web):
    acme = organization("Acme")
    ada = customer(acme)
    ticket(ada)
    User.objects.filter(pk=ada.pk).update(organization=None)
    assert "so it stays" in sent(web, f"organizations/{acme.pk}/removal/")
    assert Organization.objects.filter(pk=acme.pk).exists()


def test_a_site_is_made_changed_switched_off_and_removed(web):
    acme = organization("Acme")
    form = {"name": "Dock", "address": "1 Quay\nMilltown", "phone": "+44 1632 960001", "active": "on"}
    place = {"latitude": "54.123456", "longitude": "-1.5"}
    sent(web, f"organizations/{acme.pk}/sites/new/", **form, **place)
    dock = Site.objects.get()
    assert (dock.phone, float(dock.latitude), float(dock.longitude)) == ("+44 1632 960001", 54.123456, -1.5)
    sent(web, f"sites/{dock.pk}/", **form | {"name": "Dock 2"})
    assert Site.objects.get().latitude is None
    sent(web, f"sites/{dock.pk}/", name="Dock 2")
    assert not Site.objects.get().active
    sent(web, f"sites/{dock.pk}/removal/")
    assert not Site.objects.exists()
    assert kinds("site.") == ["site.added", "site.changed", "site.changed", "site.removed"]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"name": "DOCK"}, "There is one of this name already."),
        ({"name": "x", "phone": "12"}, "Write the number with its country code"),
        ({"name": "x", "latitude": "54.1"}, "A place on the map needs both numbers."),
        ({"name": "x", "latitude": "91", "longitude": "0"}, "less than or equal to 90"),
    ],
)
def test_a_bad_site_is_told_beside_the_field(web, values, said):
    acme = organization("Acme")
    people.create_site(acme, "Dock")
    assert said in sent(web, f"organizations/{acme.pk}/sites/new/", **values)
    assert Site.objects.count() == 1


# --- lists ----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("path", ["queues/", "statuses/", "types/", "tags/", "teams/", "organizations/"])
def test_a_list_costs_the_same_queries_for_few_rows_and_for_many(web, owner, path):
    def more(n: int) -> None:
        group = team(f"Team {n}")
        staff(team=group)
        shaping.add_queue(by=owner, name=f"Queue {n}", team=group)
        shaping.add_status(by=owner, label=f"Status {n}", category="open")
        shaping.add_type(by=owner, name=f"Type {n}")
        acme = people.create_organization(f"Company {n}", domains=[f"c{n}.example"])
        customer(acme)
        people.create_site(acme, "Dock")
        actions.tag(ticket(), f"tag {n}", by=owner)

    counts = []
    for numbers in ([0], range(1, 12)):
        for n in numbers:
            more(n)
        with CaptureQueriesContext(connection) as queries:
            text = page(web, f"/setup/{path}")
        counts.append(len(queries))
    assert len(re.findall("row-link", text)) >= 12
    assert counts[0] == counts[1]
    assert counts[1] <= 12
