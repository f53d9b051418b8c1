"""What came in, what went out, and the audit trail."""

from __future__ import annotations

import csv
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deskbell.channels.actions import add_channel
from deskbell.channels.inbound import receive
from deskbell.channels.models import InboundItem
from deskbell.config.actions import note_backup, note_failed_backup, note_restore
from deskbell.events.models import Event
from deskbell.kit.secrets import seal
from deskbell.outbox.models import OutboxItem
from deskbell.people import actions as people
from deskbell.people.models import User
from deskbell.setup.views import audit as audit_view
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Ticket
from tests.setup.conftest import page
from tests.stories import customer, fresh, organization, staff, team, ticket

MAIL = (
    b"From: Ada <ada@outside.example>\r\nTo: support@desk.example\r\n"
    b"Subject: Help\r\nMessage-ID: <%d@x>\r\n\r\nHello"
)


def came(n: int = 1, raw: bytes | None = None) -> InboundItem:
    """A message, taken in by a mailbox of its own and decided."""
    item = InboundItem.objects.create(
        channel=add_channel("email", name=f"Desk {n}", address=f"support{n}@desk.example"),
        raw=raw if raw is not None else MAIL % n,
        envelope_from="ada@outside.example",
        envelope_to="support@desk.example",
    )
    receive(item.pk)
    return InboundItem.objects.get(pk=item.pk)


def totals(text: str) -> list[int]:
    return [int(number) for number in re.findall(r"setup-total[^>]*><b>(\d+)</b>", text)]


def test_the_totals_of_what_came_in_add_up_on_the_page(web):
    came(1)
    came(2, b"no header at all")
    text = page(web, "/setup/received/")
    assert "The totals add up." in text
    whole, *parts = totals(text)
    assert whole == sum(parts) == 2
    assert parts == [0, 1, 0, 0, 1, 0, 0]


def test_a_quarantined_message_tells_its_reason_and_goes_through_intake_again(web):
    item = came(1, b"no header at all")
    assert item.state == "quarantined"
    text = page(web, f"/setup/received/{item.pk}/")
    assert item.reason_text in text
    assert "no header at all" in text
    web.post(f"/setup/received/{item.pk}/replay/")
    assert InboundItem.objects.get(pk=item.pk).state == "received"
    again = web.post(f"/setup/received/{item.pk}/replay/", follow=True).content.decode()
    assert "not held back any more" in again
    assert Event.objects.filter(kind="inbound.replayed").count() == 1


def test_what_came_in_is_shown_as_text_and_downloaded_byte_for_byte(web):
    raw = b"Subject: x\r\n\r\n<script>alert(1)</script>\xff"
    item = came(1, raw)
    assert "<script>alert(1)" not in page(web, f"/setup/received/{item.pk}/")
    answer = web.get(f"/setup/received/{item.pk}/source/")
    assert answer.content == raw
    assert answer["Content-Disposition"] == f'attachment; filename="inbound-{item.pk}.eml"'


def test_the_ledger_is_narrowed_to_a_state(web):
    came(1)
    quarantined = came(2, b"no header at all")
    text = page(web, "/setup/received/?state=quarantined")
    assert re.findall(r'row-link" href="/setup/received/(\d+)/', text) == [str(quarantined.pk)]
    assert page(web, "/setup/received/?state=%00")


def test_the_ledgers_page_on_and_back(web):
    first = came(1)
    InboundItem.objects.bulk_create(
        InboundItem(channel=first.channel, raw=b"x", state="blocked", received_at=timezone.now())
        for _ in range(60)
    )
    text = page(web, "/setup/received/")
    older = re.search(r'href="(\?before=\d+)" rel="next"', text)[1]
    second = page(web, f"/setup/received/{older}")
    assert len(re.findall("row-link", second)) == 11
    newer = re.search(r'href="(\?after=\d+)"', second)[1]
    assert re.findall("row-link.*", page(web, f"/setup/received/{newer}")) == re.findall("row-link.*", text)


@pytest.mark.parametrize("path", ["received/", "sent/", "audit/"])
@pytest.mark.parametrize(
    "query", ["before=x", "after=-1", f"before={10**40}", f"after={10**40}", "before=%00"]
)
def test_a_place_that_is_none_is_no_failure(web, path, query):
    came(1)
    assert page(web, f"/setup/{path}?{query}")


def left(n: int, **values) -> OutboxItem:
    values = {"state": "sent", "ticket_id": None} | values
    return OutboxItem.objects.create(
        driver="email",
        recipient=f"r{n}@x.example",
        kind="ticket.reply",
        cause_kind="message",
        cause_id=n,
        **values,
    )


def test_what_failed_to_leave_tells_why(web):
    asked = ticket()
    left(1)
    left(2, state="failed", error_code="550", error_text="5.1.1 No such mailbox", ticket_id=asked.pk)
    text = page(web, "/setup/sent/?state=failed")
    assert "5.1.1 No such mailbox" in text
    assert "r1@x.example" not in text
    assert f"/desk/tickets/{asked.number}/" in text
    assert "r1@x.example" in page(web, "/setup/sent/")


@pytest.mark.slow
@pytest.mark.parametrize("path", ["received/", "sent/", "audit/"])
def test_a_ledger_costs_the_same_queries_for_1_row_and_for_25(web, owner, path):
    def more(n: int) -> None:
        asked = ticket()
        left(n, ticket_id=asked.pk)
        item = came(n)
        assert item.ticket_id
        people.invite(f"i{n}@desk.example", role="agent", team=team(), by=owner)
        people.create_token(owner, name="x", by=owner)
        organization()
        actions.note(asked, Content.markdown("x"), by=owner)

    counts = []
    for numbers in ([1], range(2, 26)):
        for n in numbers:
            more(n)
        with CaptureQueriesContext(connection) as queries:
            text = page(web, f"/setup/{path}")
        counts.append(len(queries))
    rows = len(re.findall('class="row"|<tr>', text))
    assert rows >= 25
    assert counts[0] == counts[1]
    assert counts[1] <= 22


# --- audit trail ----------------------------------------------------------------------------------


def whats(text: str) -> list[str]:
    rows = re.findall(r"<tbody>.*</tbody>", text, re.DOTALL)
    return re.findall(r'setup-kind">([^<]+)<', rows[0]) if rows else []


def test_the_trail_says_who_did_what_about_what(web, owner):
    agent = staff(name="Ann Agent")
    asked = ticket()
    actions.assign(asked, agent, by=owner)
    people.deactivate(agent, by=owner)
    text = re.sub(r"\s+", " ", page(web, "/setup/audit/"))
    assert whats(text)[:2] == ["user.deactivated", "ticket.assigned"]
    assert "closed the account" in text
    assert "assigned the ticket to Ann Agent" in text
    assert f'<a href="/desk/tickets/{asked.number}/">#{asked.number}</a>' in text


def test_every_kind_of_event_has_words(db):
    from deskbell.setup.trail import WORDS, known_kinds

    assert {kind for kind in known_kinds() if not kind.startswith(("ticket.", "test."))} | {
        "demo.made"
    } == set(WORDS)


def test_backups_stand_in_the_trail(web):
    note_backup(file="night.tar", size=2_000_000, seconds=3.5)
    note_restore(file="night.tar", made_at="2026-01-02T03:04:05+00:00", version="0.1.0")
    text = re.sub(r"\s+", " ", re.sub("<[^>]*>", "", page(web, "/setup/audit/?kind=backup.")))
    assert "made the backup night.tar (2.0 MB)" in text
    assert "brought the desk back from the backup night.tar" in text
    assert text.count("this desk") == 2


def test_a_night_without_its_backup_is_told(web, settings):
    settings.BACKUP_DIR = "/srv/nights"
    note_failed_backup(reason="The disk is full.")
    for address in ("/setup/audit/?kind=backup.", "/setup/system/"):
        assert "The disk is full." in page(web, address), address


def test_the_trail_is_narrowed(web, owner):
    agent, asked, other = staff(name="Ann Agent"), ticket(), ticket()
    actions.claim(asked, by=agent)
    actions.claim(other, by=owner)
    assert set(whats(page(web, "/setup/audit/?kind=ticket.assigned"))) == {"ticket.assigned"}
    assert len(whats(page(web, "/setup/audit/?kind=ticket.assigned"))) == 2
    assert len(whats(page(web, "/setup/audit/?kind=ticket.assigned&person=ann+agent"))) == 1
    assert len(whats(page(web, f"/setup/audit/?kind=ticket.assigned&about=%23{other.number}"))) == 1
    assert whats(page(web, "/setup/audit/?person=nobody+of+that+name")) == []
    today = timezone.localdate()
    assert whats(page(web, f"/setup/audit/?since={today}&until={today}"))
    assert whats(page(web, f"/setup/audit/?until={today - timedelta(days=1)}")) == []


def test_the_trail_tells_what_was_done_to_a_person_from_what_he_did(web, owner):
    agent = staff(name="Ann Agent")
    actions.claim(ticket(), by=agent)
    people.deactivate(agent, by=owner)
    assert "user.deactivated" not in whats(page(web, "/setup/audit/?person=ann+agent"))
    assert whats(page(web, "/setup/audit/?about=ann+agent"))[0] == "user.deactivated"
    assert "ticket.assigned" not in whats(page(web, "/setup/audit/?about=ann+agent"))


def test_days_are_those_of_the_reader(web, owner):
    """Half past eleven at night in Auckland is noon of the same day in UTC."""
    User.objects.filter(pk=owner.pk).update(time_zone="Pacific/Auckland")
    ticket()
    with connection.cursor() as cursor:
        cursor.execute("select max(at at time zone 'Pacific/Auckland')::date from events_event")
        there = cursor.fetchone()[0]
    assert whats(page(web, f"/setup/audit/?since={there}&until={there}"))
    assert whats(page(web, f"/setup/audit/?since={there + timedelta(days=1)}")) == []


def rows_of(answer) -> list[list[str]]:
    return list(csv.reader(b"".join(answer.streaming_content).decode().splitlines()))


def test_the_trail_is_downloaded_as_it_is_filtered(web, owner):
    asked = ticket(requester=customer(name="=cmd()"))
    actions.claim(asked, by=owner)
    head, *rows = rows_of(web.get("/setup/audit.csv?kind=ticket."))
    assert head == ["When", "Who", "What", "About", "Kind"]
    assert {"ticket.assigned", "ticket.opened"} <= {row[4] for row in rows}
    assert {row[3] for row in rows} == {f"#{asked.number}"}
    assert "'=cmd()" in {row[1] for row in rows}


def test_a_downloaded_trail_says_that_it_was_cut(web, monkeypatch):
    monkeypatch.setattr(audit_view, "LINES", 3)
    monkeypatch.setattr(audit_view, "BATCH", 2)
    for _ in range(5):
        ticket()
    *rows, last = rows_of(web.get("/setup/audit.csv"))
    assert len(rows) == 1 + 3
    assert last == ["Only the newest 3 lines. Choose fewer days."]


def test_what_failed_is_sent_again_from_the_ledger(web, owner):
    failed = left(1, state="failed", error_text="No such mailbox", payload=seal({"text": "words"}))
    erased = left(2, state="failed")
    text = page(web, "/setup/sent/?state=failed")
    assert re.findall(r"/setup/sent/(\d+)/retry/", text) == [str(failed.pk)]
    assert "content erased" in text
    assert "is sent again" in web.post(f"/setup/sent/{failed.pk}/retry/", follow=True).content.decode()
    assert "no longer kept" in web.post(f"/setup/sent/{erased.pk}/retry/", follow=True).content.decode()
    states = dict(OutboxItem.objects.values_list("pk", "state"))
    assert states == {failed.pk: "queued", erased.pk: "failed"}
    assert [e.about_id for e in Event.objects.filter(kind="outbox.retried", actor_id=owner.pk)] == [failed.pk]


def test_the_totals_of_what_was_sent_add_up(web):
    left(1), left(2, state="failed"), left(3, state="queued"), left(4, state="read")
    whole, *parts = totals(page(web, "/setup/sent/"))
    assert (whole, parts) == (4, [1, 0, 1, 0, 1, 1, 0])


def test_the_system_page_tells_the_state_of_the_house(web):
    came(1)
    left(1)
    text = page(web, "/setup/system/")
    assert "PostgreSQL" in text
    assert "deskbell check" in text
    assert "none is running" in text  # no worker serves the tests
    assert "never" in text
    assert settings.DATABASES["default"].get("PASSWORD") or "postgresql://" not in text


def test_the_newest_backup_is_shown(web, owner):
    Event.objects.create(
        kind="backup.made", actor_kind="system", about_kind="system", about_id=0, audience="staff"
    )
    assert ">never<" not in page(web, "/setup/system/")


def test_a_ticket_deleted_for_ever_is_still_found_by_its_number(web, owner):
    asked = ticket()
    actions.trash(asked, by=owner)
    actions.delete_for_ever(fresh(asked), by=owner)
    assert whats(page(web, f"/setup/audit/?about={asked.number}"))[0] == "ticket.deleted"
    assert not Ticket.objects.exists()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=2026-13-40", "Enter a valid date."),
        ("since=2026-02-02&until=2026-02-01", "The end lies before the beginning."),
        ("about=%23abc", "A ticket is named by its number"),
        (f"about=%23{10**30}", "A ticket is named by its number"),
        ("kind=nonsense", "Select a valid choice."),
        ("person=%00", "Null characters are not allowed."),
    ],
)
def test_a_filter_that_makes_no_sense_is_told_beside_it(web, query, said):
    answer = web.get(f"/setup/audit/?{query}")
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_an_auditor_reads_and_a_supervisor_of_one_team_only_its_tickets(client, db):
    here, there = team(), team()
    ours, theirs = ticket(team=here, by=staff()), ticket(team=there, by=staff())
    client.force_login(staff("auditor"))
    assert f"#{theirs.number}<" in page(client, "/setup/audit/")
    client.force_login(staff("supervisor", team=here))
    text = page(client, "/setup/audit/")
    assert f"#{ours.number}<" in text
    assert f"#{theirs.number}" not in text
    assert not [kind for kind in whats(text) if not kind.startswith("ticket.")]
    client.force_login(staff("agent"))
    assert client.get("/setup/audit/").status_code == 403
    client.force_login(customer())
    assert client.get("/setup/audit/").status_code == 403
