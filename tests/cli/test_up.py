"""`deskbell up`, with real processes on a real embedded PostgreSQL."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from bench.machine import free_port
from deskbell.cli import embedded
from tests.support.desk import QUICK, Desk, as_root, copy, deskbell, open_folder, ready_made
from tests.support.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("up")]


@pytest.fixture(scope="module")
def kept() -> Iterator[Desk]:
    with open_folder() as folder, Desk(folder / "data", DESKBELL_STALLED_AFTER="5") as desk:
        yield desk


@pytest.fixture
def desk(kept: Desk) -> Desk:
    """One for all tests of this module, running; only the first may count on there being nobody in it."""
    if kept.parent.poll() is not None:
        kept.start().ready()
    return kept


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def first_links(desk: Desk) -> list[str]:
    return re.findall(r"^  (http://\S+/account/first/\S+/)$", desk.said.read_text(), re.MULTILINE)


def test_the_link_is_printed_anew_at_each_start_until_somebody_may_set_the_desk_up(desk: Desk) -> None:
    (first,) = until(lambda: first_links(desk))
    desk.stop()
    desk.start().ready()
    (second,) = until(lambda: first_links(desk))
    assert [desk.get(link.removeprefix(desk.address))[0] for link in (first, second)] == [410, 200]
    made = deskbell(desk.data, "user", "create", "ida@own.example", "--name", "Ida", "--role", "owner")
    assert made.returncode == 0, made.stderr
    assert desk.get(second.removeprefix(desk.address))[0] == 410
    refused = deskbell(desk.data, "first-link")
    assert (refused.returncode, refused.stdout) == (1, "")
    desk.stop()

    # and now the demo would come among real data
    mixed = deskbell(desk.data, "up", "--demo", "--port", str(desk.port))
    assert mixed.returncode == 1
    assert "has data of its own, and the demo never mixes with it" in mixed.stderr
    desk.start().ready()
    assert first_links(desk) == []


def test_it_serves_and_stops_cleanly_and_starts_again_quickly(desk: Desk) -> None:
    assert desk.get("/healthz") == (200, b"ok")
    until(lambda: desk.get("/readyz")[0] == 200, what="the worker reports")
    children = desk.children()
    assert sorted(children) == ["postgres", "web", "worker"]

    begin = time.monotonic()
    assert desk.stop() == 0
    assert time.monotonic() - begin < 15
    assert not [pid for pid in children.values() if alive(pid)]

    begin = time.monotonic()
    assert deskbell(desk.data, "manage", "check").returncode == 0
    check = time.monotonic() - begin
    begin = time.monotonic()
    desk.start().ready()
    assert time.monotonic() - begin < 5 * check


def test_a_folder_of_the_demo_never_becomes_a_real_desk(folder: Path) -> None:
    copy(ready_made(demo=True), folder / "data")
    mixed = deskbell(folder / "data", "up", "--port", "8149")
    assert mixed.returncode == 1
    assert "holds the demo, which never becomes a real desk" in mixed.stderr
    with Desk(folder / "data", "--demo") as demo:
        assert demo.get("/healthz") == (200, b"ok")


def test_a_second_one_on_the_same_data_is_refused(desk: Desk) -> None:
    second = deskbell(desk.data, "up", "--port", "8149")
    assert second.returncode == 1
    assert f"already runs on the data folder {desk.data} (process {desk.parent.pid})" in second.stderr
    assert desk.get("/healthz") == (200, b"ok")


def test_what_dies_is_started_again(desk: Desk) -> None:
    for name in ("web", "worker", "postgres"):
        before = desk.children()[name]
        os.kill(before, signal.SIGKILL)
        until(lambda n=name, b=before: desk.children().get(n, b) != b, seconds=40, what=f"a new {name}")
    until(lambda: _ready(desk), seconds=60, what="ready after all were killed")


def test_a_start_after_the_parent_was_killed_takes_over(desk: Desk) -> None:
    person = ("user", "create", "ana@example.com", "--name", "Ana", "--role", "owner", "--password-stdin")
    made = deskbell(desk.data, *person, given=b"correct horse battery\n")
    assert made.returncode == 0, made.stderr
    children = desk.children()
    desk.kill()
    desk.start().ready()
    until(lambda: _ready(desk), seconds=60, what="ready")
    assert not [pid for pid in children.values() if alive(pid)]
    assert "ana@example.com" in deskbell(desk.data, "user", "list", "--json").stdout


LINKED = """
from deskbell.channels.actions import whatsapp_web as numbers
from deskbell.channels.models import Channel, LinkedDevice
from deskbell.people.models import User
channel = Channel.objects.get(uuid=UUID)
LinkedDevice.objects.filter(channel=channel).update(port=PORT)
owner = User.objects.get(email="otto@example.com")
"""


def gateways(desk: Desk) -> dict[str, int]:
    """Process ids of the gateways under it, by the number's uuid."""
    found = {}
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().decode().split("\0")
            parent = int((line.parent / "stat").read_text().rpartition(")")[2].split()[1])
        except (FileNotFoundError, ProcessLookupError):
            continue
        if parent == desk.parent.pid and "whatsapp-web" in words:
            found[words[words.index("--channel") + 1]] = int(line.parent.name)
    return found


def _answers(port: int) -> bool:
    """Whether something speaks the interface of gateways there: nobody is let in without a signature."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/health", timeout=2)
    except urllib.error.HTTPError as refused:
        return refused.code == 401 and json.load(refused) == {"code": "signature"}
    except OSError:
        return False
    return False


def test_a_gateway_runs_for_a_number_as_long_as_it_is_on(desk: Desk) -> None:
    person = ("user", "create", "otto@example.com", "--name", "Otto", "--role", "owner")
    assert deskbell(desk.data, *person).returncode == 0
    for phone in ("4930900001", "4930900002"):
        made = deskbell(desk.data, "channel", "add", "whatsapp-web", "--name", phone, f"phone=+{phone}")
        assert made.returncode == 0, made.stderr
    with psycopg.connect(embedded.url(desk.data) or "") as connection:
        rows = connection.execute(
            "select uuid::text from channels_channel where kind = 'whatsapp-web' order by id"
        )
        on, off = (row[0] for row in rows.fetchall())
    port = free_port()

    def shell(words: str) -> None:
        script = LINKED.replace("UUID", repr(on)).replace("PORT", str(port)) + words
        done = deskbell(desk.data, "manage", "shell", "-c", script)
        assert done.returncode == 0, done.stderr

    assert gateways(desk) == {}
    shell("numbers.accept_risk(channel, by=owner)")
    until(lambda: list(gateways(desk)) == [on], seconds=20, what="the gateway of the number that is on")
    until(lambda: _answers(port), seconds=30, what="it answers")

    # killed, it comes again
    first = gateways(desk)[on]
    os.kill(first, signal.SIGKILL)
    until(lambda: gateways(desk).get(on, first) != first, seconds=20, what="another one in its place")
    until(lambda: _answers(port), seconds=30, what="that answers, too")

    # it ends with its switch, and with the parent
    second = gateways(desk)[on]
    shell("numbers.switch_linked(channel, on=False, by=owner)")
    until(
        lambda: not gateways(desk) and not alive(second), seconds=20, what="it ends when it is switched off"
    )
    shell("numbers.switch_linked(channel, on=True, by=owner)")
    third = until(lambda: gateways(desk).get(on), seconds=20, what="it runs again")
    assert off not in gateways(desk)
    assert desk.stop() == 0
    assert not alive(third) and not _answers(port)


def test_the_children_end_with_a_killed_parent(desk: Desk) -> None:
    children = desk.children()
    desk.kill()
    until(lambda: not any(alive(pid) for pid in children.values()), seconds=30, what="all children ended")


def test_the_database_role_is_no_superuser_and_may_make_extensions(desk: Desk) -> None:
    address = embedded.url(desk.data)
    assert address is not None
    with psycopg.connect(address) as connection:
        row = connection.execute(
            "select rolsuper, (select count(*) from pg_extension where extname in ('pg_trgm', 'unaccent')) "
            "from pg_roles where rolname = current_user"
        ).fetchone()
    assert row == (False, 2)


def _ready(desk: Desk) -> bool:
    try:
        return desk.get("/readyz", seconds=3)[0] == 200
    except OSError:
        return False


@pytest.mark.parametrize("name", ["a folder with spaces", "x" * 120, "ünïcode, and a comma"])
def test_any_path_will_do_for_the_database(folder: Path, name: str) -> None:
    data = folder / name / "data"
    data.mkdir(parents=True)
    cluster = embedded.Cluster(data, settings=QUICK)
    cluster.start()
    try:
        with psycopg.connect(embedded.url(data) or "") as connection:
            assert connection.execute("select current_user").fetchone() == (embedded.ROLE,)
    finally:
        cluster.stop()


def test_any_path_will_do(folder: Path) -> None:
    path = folder / ("ünïcode, spaces and a comma " + "x" * 90)
    path.mkdir()
    with Desk(path / "data") as desk:
        assert desk.get("/healthz") == (200, b"ok")


@as_root
def test_an_ordinary_user_can_run_it(folder: Path) -> None:
    os.chown(folder, 65534, -1)
    with Desk(folder / "data", user="nobody", HOME=str(folder)) as desk:
        assert desk.get("/healthz") == (200, b"ok")
        assert (desk.data / "postgres" / "data").stat().st_uid == 65534
        # a stranger cannot read what is in it
        assert (desk.data).stat().st_mode & 0o077 == 0


@as_root
def test_root_may_keep_its_data_where_no_other_user_can_enter(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with Desk(closed / "data", fresh=True) as desk:
        assert desk.get("/healthz") == (200, b"ok")
        place = embedded.place(desk.data)
        assert not place.is_relative_to(closed)
        assert closed.stat().st_mode & 0o777 == 0o700
    subprocess.run(["rm", "-rf", str(place)], check=True)


def test_a_port_in_use_is_a_sentence(folder: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        done = deskbell(folder / "data", "up", "--port", str(other.getsockname()[1]))
    assert done.returncode == 1
    assert "is in use by another program" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "data" / "postgres").exists()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://desk:secret-word@127.0.0.1:1/desk",
        "postgresql://desk:secret-word@[broken/desk",
        "mysql://desk:secret-word@127.0.0.1/desk",
    ],
)
def test_a_wrong_database_address_is_a_sentence(folder: Path, address: str) -> None:
    done = deskbell(folder / "data", "up", "--port", "8149", DATABASE_URL=address)
    assert done.returncode != 0
    assert done.stderr.startswith("deskbell: Cannot reach the database (")
    assert len(done.stderr.splitlines()) == 1
    assert "secret-word" not in done.stderr


def test_a_folder_of_a_newer_version_is_refused(folder: Path) -> None:
    (folder / "data").mkdir()
    (folder / "data" / "version").write_text("99.0.1\n")
    done = deskbell(folder / "data", "up", "--port", "8149")
    assert done.returncode == 1
    assert "was last used by Deskbell 99.0.1" in done.stderr
    assert not (folder / "data" / "postgres").exists()


def test_a_database_of_a_newer_version_is_refused(folder: Path) -> None:
    copy(ready_made(demo=False), folder / "data")
    cluster = embedded.Cluster(folder / "data", settings=QUICK)
    cluster.start()
    with psycopg.connect(cluster.url()) as connection:
        connection.execute("insert into django_migrations values (default, 'tickets', '9999_x', now())")
    cluster.stop()
    done = deskbell(folder / "data", "up", "--port", "8149")
    assert done.returncode == 1
    assert "last used by a newer Deskbell (it has tickets.9999_x" in done.stderr


def test_a_file_in_the_way_is_a_sentence(folder: Path) -> None:
    (folder / "data").write_text("not a folder")
    done = deskbell(folder / "data", "up", "--port", "8149")
    assert (done.returncode, len(done.stderr.splitlines())) == (73, 1)


@as_root
def test_no_right_to_write_is_a_sentence(folder: Path) -> None:
    done = deskbell(folder / "data", "up", "--port", "8149", user="nobody", HOME=str(folder))
    assert done.returncode == 77
    assert done.stderr.startswith("deskbell: No permission to write ")


@as_root
def test_a_full_disk_is_a_sentence(folder: Path) -> None:
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this machine does not let us mount a small disk")
    try:
        folder.chmod(0o755)
        done = deskbell(folder / "data", "up", "--port", "8149")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert done.returncode == 74
    assert "is full" in done.stderr
    assert "Traceback" not in done.stderr
