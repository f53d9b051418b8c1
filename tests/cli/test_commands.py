"""The commands people and mail servers run, against a running desk."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import psycopg
import pytest

from deskbell.cli import embedded
from tests.support.desk import Desk, deskbell, open_folder
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("commands")]

MAIL = b"From: Bo <bo@example.org>\r\nTo: %s\r\nSubject: Printer\r\nMessage-ID: <%s@x>\r\n\r\nIt burns.\r\n"


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with open_folder() as folder, Desk(folder / "data") as desk:
        made = deskbell(desk.data, "channel", "add", "email", "--name", "Support", "address=Help@Example.com")
        assert (made.returncode, made.stderr) == (0, "")
        yield desk


def receive(desk: Desk, to: str, name: str, *more: str) -> tuple[int, str]:
    raw = MAIL % (to.encode(), name.encode())
    done = deskbell(desk.data, "mail", "receive", "--to", to, *more, given=raw)
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def totals(desk: Desk) -> dict[str, int | bool]:
    answer: dict[str, int | bool] = json.loads(deskbell(desk.data, "inbox", "totals", "--json").stdout)
    return answer


def stored(desk: Desk, which: str = "true") -> int:
    """How many came in, asked without starting a process."""
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        row = connection.execute(f"select count(*) from channels_inbounditem where {which}").fetchone()
    return int(row[0]) if row else 0


def test_a_channel_is_listed_as_it_compares(desk: Desk) -> None:
    (channel,) = json.loads(deskbell(desk.data, "channel", "list", "--json").stdout)
    uuid = channel.pop("uuid")
    assert len(uuid) == 36
    assert channel == {"kind": "email", "name": "Support", "address": "help@example.com", "state": "ok"}


def test_mails_are_stored_and_worked_on_by_the_worker_however_the_address_is_written(desk: Desk) -> None:
    before = totals(desk)
    for number, to in enumerate(("help@example.com", "HELP@example.COM", "help+t12-ab@example.com"), 1):
        code, said = receive(desk, to, f"stored-{to}")
        assert code == 0
        word, item = said.split()
        assert (word, item.isdigit()) == ("inbound", True)
        assert stored(desk) == before["received"] + number
    until(lambda: stored(desk, "state = 'received'") == 0, what="the worker took them")
    after = totals(desk)
    assert (after["received"], after["ticketed"]) == (before["received"] + 3, before["ticketed"] + 3)
    assert after["balanced"] is True


def test_wait_prints_what_became_of_it(desk: Desk) -> None:
    code, said = receive(desk, "help@example.com", "waited", "--from", "bo@example.org", "--wait")
    first, second = said.splitlines()
    answer = json.loads(second)
    assert code == 0
    assert first == f"inbound {answer['inbound']}"
    assert answer["state"] == "ticketed"
    assert isinstance(answer["ticket"], int)


def test_a_mailbox_that_is_none_is_67_and_stores_nothing(desk: Desk) -> None:
    before = stored(desk)
    assert receive(desk, "nobody@example.com", "lost") == (67, "")
    assert stored(desk) == before


def test_a_database_that_is_away_is_75(desk: Desk) -> None:
    assert receive(Desk(desk.data.parent / "other"), "help@example.com", "away") == (75, "")
    away = deskbell(
        desk.data, "mail", "receive", "--to", "help@example.com", given=b"x", DATABASE_URL="postgresql://127.0.0.1:1/x"
    )  # fmt: skip
    assert away.returncode == 75


def test_receiving_needs_no_django(desk: Desk) -> None:
    """It is run for every mail: it must cost far less than a command that sets Django up."""
    begin = time.monotonic()
    deskbell(desk.data, "manage", "check")
    check = time.monotonic() - begin
    begin = time.monotonic()
    assert receive(desk, "help@example.com", "quick")[0] == 0
    assert time.monotonic() - begin < check * 0.7


def test_the_row_and_its_job_are_as_the_library_would_have_made_them(desk: Desk) -> None:
    """Our statement for enqueueing against procrastinate's own, of the pinned version."""
    from procrastinate import sql

    from deskbell.cli import mail

    assert "procrastinate_defer_jobs_v1(" in sql.queries["defer_jobs"]
    assert "procrastinate_job_to_defer_v1" in sql.queries["defer_jobs"]
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        connection.execute(mail.DEFER, [2**40])
        row = connection.execute(
            "select queue_name, task_name, priority, lock, queueing_lock, args, status::text, scheduled_at "
            "from procrastinate_jobs order by id desc limit 1"
        ).fetchone()
        connection.rollback()
    assert row == ("inbound", "channels.receive", 0, None, None, {"item_id": 2**40}, "todo", None)


def test_people_and_tokens(desk: Desk) -> None:
    person = ("user", "create", "ana@example.com", "--name", "Ana", "--role", "owner", "--password-stdin")
    assert deskbell(desk.data, *person, given=b"correct horse battery\n").returncode == 0
    again = deskbell(desk.data, *person, given=b"correct horse battery\n")
    assert (again.returncode, "has the address" in again.stderr) == (1, True)
    weak = deskbell(desk.data, *(*person[:2], "b@example.com", *person[3:]), given=b"password\n")
    assert (weak.returncode, weak.stdout) == (1, "")
    people = json.loads(deskbell(desk.data, "user", "list", "--json").stdout)
    ana = next(each for each in people if each["email"] == "ana@example.com")
    assert (ana["name"], "owner" in ana["roles"]) == ("Ana", True)
    made = deskbell(desk.data, "token", "create", "ana@example.com", "--name", "script")
    assert (made.returncode, len(made.stdout.split())) == (0, 1)
    nobody = deskbell(desk.data, "token", "create", "c@example.com", "--name", "script")
    assert (nobody.returncode, nobody.stdout) == (1, "")


def test_check_says_what_is_wrong(desk: Desk) -> None:
    well = deskbell(desk.data, "check", "--json")
    assert well.returncode == 0, well.stdout
    assert {each["name"] for each in json.loads(well.stdout)} == {
        "settings", "database", "migrations", "worker", "queues", "channels", "WhatsApp", "WhatsApp Web",
        "client secrets", "mails", "sign-ins", "disk", "backup",
    }  # fmt: skip
    with psycopg.connect(embedded.url(desk.data) or "", autocommit=True) as connection:
        connection.execute("update channels_channel set state = 'down', last_error = 'refused'")
        wrong = deskbell(desk.data, "check")
        connection.execute("update channels_channel set state = 'ok', last_error = ''")
    assert wrong.returncode == 1
    assert "wrong  channels: Support: refused" in wrong.stdout


def test_replay_names_what_is_not_quarantined(desk: Desk) -> None:
    done = deskbell(desk.data, "inbox", "replay", "999999")
    assert (done.returncode, done.stderr) == (1, "deskbell: There is no item 999999.\n")


def test_the_web_form_is_added_once(desk: Desk) -> None:
    made = deskbell(desk.data, "channel", "add", "webform", "--name", "Help", "queue=Network")
    assert (made.returncode, made.stderr) == (0, "")
    again = deskbell(desk.data, "channel", "add", "webform", "--name", "Help")
    assert (again.returncode, again.stdout) == (1, "")
    assert "The web form is a channel already." in again.stderr
    listed = json.loads(deskbell(desk.data, "channel", "list", "--json").stdout)
    assert [each["name"] for each in listed if each["kind"] == "webform"] == ["Help"]
