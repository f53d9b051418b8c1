"""The wrapper around request bodies and files, over real HTTP against the real server."""

from __future__ import annotations

import contextlib
import http.client
import io
import os
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.machine import free_port
from tests.support.desk import ROOT
from tests.support.echo import LIMIT
from tests.support.waiting import until

pytestmark = pytest.mark.slow


class Server:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()

    def request(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, body=body)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def raw(self, data: bytes) -> socket.socket:
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        connection.sendall(data)
        return connection

    @property
    def called(self) -> list[str]:
        """What reached the application: path and size of the body."""
        file = self.folder / "called"
        return file.read_text().splitlines() if file.exists() else []


def answer_on(connection: socket.socket) -> tuple[int, bytes]:
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    return answer.status, answer.read()


@pytest.fixture
def server(folder: Path) -> Iterator[Server]:
    server = Server(folder)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "asginl",
            "--port",
            str(server.port),
            "--http",
            "1",
            "--workers-kill-timeout",
            "1",
            "--log-level",
            "warning",
            "tests.support.echo:application",
        ],
        env={**os.environ, "ECHO_FOLDER": str(folder), "ECHO_IDLE": "1", "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
    )

    def answers() -> bool:
        try:
            return server.request("GET", "/up")[0] == 200
        except OSError:
            return False

    try:
        until(answers, what="the server answers")
        (folder / "called").unlink()
        yield server
    finally:
        process.terminate()
        process.wait(10)


def test_a_body_reaches_the_application_whole_with_its_length(server: Server) -> None:
    body = os.urandom(600_000)
    assert server.request("POST", "/a?x=1", body) == (200, b"600000 600000 x=1 False")


def test_a_chunked_body_arrives_with_a_length(server: Server) -> None:
    head = b"POST /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with server.raw(head + b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n") as connection:
        assert answer_on(connection) == (200, b"11 11  False")


@pytest.mark.parametrize(
    "cut",
    [
        b"Content-Length: 100\r\n\r\nonly this",
        b"Transfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n20\r\nonly",
    ],
)
def test_a_cut_body_never_reaches_the_application(server: Server, cut: bytes) -> None:
    server.raw(b"POST /cut HTTP/1.1\r\nHost: x\r\n" + cut).close()
    # a later request has been answered: had the cut one been let through, it would have come first
    assert server.request("POST", "/after", b"x")[0] == 200
    assert server.called == ["/after 1"]


def test_slow_uploads_take_no_thread(server: Server) -> None:
    head = b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    uploads = [server.raw(head + b"a") for _ in range(8)]
    begin = time.monotonic()
    assert server.request("GET", "/page")[0] == 200
    assert time.monotonic() - begin < 0.9  # before any of them is given up, which takes a second here
    for upload in uploads:
        upload.sendall(b"a" * 999)
    for upload in uploads:
        assert answer_on(upload) == (200, b"1000 1000  False")
        upload.close()
    assert server.called == ["/page 0", *["/slow 1000"] * 8]


def test_a_stalled_body_is_given_up(server: Server) -> None:
    with server.raw(b"POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\na") as connection:
        assert answer_on(connection)[0] == 408
    assert server.called == []


def test_a_body_over_the_limit_is_refused_with_a_sentence(server: Server) -> None:
    assert server.request("POST", "/a", b"x" * LIMIT)[0] == 200
    status, page = server.request("POST", "/a", b"x" * (LIMIT + 1))
    assert (status, b"larger than 1 MB" in page) == (413, True)
    status, problem = server.request("POST", "/api/v1/x", b"x" * (LIMIT + 1))
    assert (status, b'"status": 413' in problem) == (413, True)
    assert server.called == [f"/a {LIMIT}"]


def test_a_huge_announcement_is_refused_at_once(server: Server) -> None:
    head = f"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: {LIMIT * 50}\r\n\r\n".encode()
    with server.raw(head) as connection:
        assert answer_on(connection)[0] == 413
    assert server.called == []


def test_a_file_is_sent_in_place_of_the_answer(server: Server) -> None:
    content = os.urandom(3_000_000)
    (server.folder / "blob").write_bytes(content)
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as connection:
        connection.request("GET", f"/file?{server.folder / 'blob'}")
        answer = connection.getresponse()
        assert answer.status == 200
        assert answer.getheader("x-deskbell-file") is None
        assert answer.getheader("content-length") == "3000000"
        assert answer.read() == content


def test_slow_downloads_take_no_thread(server: Server) -> None:
    (server.folder / "blob").write_bytes(bytes(30_000_000))
    (server.folder / "static").write_bytes(bytes(30_000_000))
    by_name = f"GET /file?{server.folder / 'blob'} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    open_file = b"GET /static HTTP/1.1\r\nHost: x\r\n\r\n"
    readers = [server.raw(each) for each in (by_name, open_file) * 3]
    for reader in readers:
        assert reader.recv(100).startswith(b"HTTP/1.1 200 OK")
    assert server.request("GET", "/page")[0] == 200
    for reader in readers:
        reader.close()


def test_a_file_outside_the_folder_is_not_sent(server: Server) -> None:
    assert server.request("GET", "/file?/etc/passwd")[0] == 404
    assert server.request("GET", f"/file?{server.folder}/../../etc/passwd")[0] == 404
    assert server.request("GET", f"/file?{server.folder}/absent")[0] == 404


def test_several_files_are_sent_as_one_zip(server: Server) -> None:
    content = {"big": os.urandom(3_000_000), "small": b"few words", "none": b""}
    for name, words in content.items():
        (server.folder / name).write_bytes(words)
    status, answer = server.request("GET", "/archive?big,small,none")
    assert status == 200
    with zipfile.ZipFile(io.BytesIO(answer)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == content
        assert archive.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)
    assert server.request("HEAD", "/archive?big,small") == (200, b"")


def test_a_slow_download_of_a_zip_takes_no_thread(server: Server) -> None:
    (server.folder / "big").write_bytes(bytes(30_000_000))
    slow = [server.raw(b"GET /archive?big HTTP/1.1\r\nHost: x\r\n\r\n") for _ in range(4)]
    try:
        assert server.request("GET", "/a")[0] == 200
    finally:
        for connection in slow:
            connection.close()


@pytest.mark.parametrize("names", ["here,gone", "here,../outside"])
def test_a_zip_with_a_file_that_cannot_be_sent_is_not_begun(server: Server, names: str) -> None:
    (server.folder / "here").write_bytes(b"here")
    status, answer = server.request("GET", f"/archive?{names}")
    assert (status, b"missing on the server" in answer) == (404, True)


def test_a_query_of_raw_bytes_is_quoted(server: Server) -> None:
    head = b"GET /a?x=\xc3\xa9 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with server.raw(head) as connection:
        assert answer_on(connection) == (200, b"0 0 x=%C3%A9 False")
