"""Request bodies are read whole before a thread is taken; files are sent without one.

`Spool` stands between an ASGI server and a threaded application. It keeps a body in memory or in a
temporary file, and calls the application only with a body that is complete: a cut upload never
becomes half a request, and slow clients wait here, not in one of the few threads. `FileAnswers` is
the same for the way back: the application names a file, the event loop sends it.
"""

from __future__ import annotations

import asyncio
import errno
import json
import logging
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote_from_bytes

from deskbell.kit.archive import Packed, zipped

Scope = dict[str, Any]
Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

IN_MEMORY = 1024 * 1024
CHUNK = 64 * 1024
#: a body over its limit is still read up to this many times the limit: a browser that is answered in the
#: middle of an upload shows a broken connection instead of our sentence
DRAIN = 4
FILE_HEADER = b"x-deskbell-file"
ARCHIVE_HEADER = b"x-deskbell-archive"
FILE_KEY = "deskbell.file"

log = logging.getLogger(__name__)


class Dropped(Exception):
    """The client left or sent less than it announced: there is nobody to answer."""


def N_(message: str) -> str:
    """Marks what is translated later. Django's own would ask for settings, which may not be there yet."""
    return message


@dataclass
class Answered(Exception):
    """The body cannot be taken; the answer is ours. `values` stand in `detail`, as `%(name)s`."""

    status: int
    title: str
    detail: str
    values: Mapping[str, object] = field(default_factory=dict)


#: makes the HTML of an answer for a browser with this Accept-Language
Page = Callable[[Answered, str], str]
MISSING = Answered(404, N_("Not found"), N_("This file is missing on the server. Tell its administrator."))


def plain(answer: Answered, accepted: str) -> str:
    """In English, without any look."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{answer.title}</title></head><body><h1>{answer.title}</h1>"
        f"<p>{answer.detail % answer.values}</p></body></html>"
    )


class Spool:
    """ASGI application that hands complete bodies to `app`.

    `limit_of(path)` gives the most bytes a body may have; `idle` the seconds between two pieces, `total`
    the seconds for all of it.
    """

    def __init__(
        self,
        app: App,
        *,
        limit_of: Callable[[str], int],
        idle: float = 60,
        total: float = 600,
        page: Page = plain,
    ) -> None:
        self.app = app
        self.page = page
        self.limit_of = limit_of
        self.idle = idle
        self.total = total

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as body:
            try:
                length = await self._read(scope, receive, body)
            except Dropped:
                return
            except Answered as answer:
                await _say(answer, scope, send, self.page)
                return
            body.seek(0)
            await self.app(_with_length(scope, length), _replay(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive, body: IO[bytes]) -> int:
        """Copy the request's body to `body` and return its size in bytes."""
        headers = {name.lower(): value for name, value in scope["headers"]}
        announced = _announced(headers)
        if announced == 0 and b"transfer-encoding" not in headers:
            return 0
        limit = self.limit_of(scope["path"])
        if (announced or 0) > limit and (b"expect" in headers or (announced or 0) > limit * DRAIN):
            raise _too_large(limit)
        size = await self._copy(receive, body, limit)
        if announced is not None and size < announced:
            raise Dropped
        if size > limit:
            raise _too_large(limit)
        return size

    async def _copy(self, receive: Receive, body: IO[bytes], limit: int) -> int:
        end = time.monotonic() + self.total
        size, more = 0, True
        while more:
            try:
                async with asyncio.timeout(min(self.idle, end - time.monotonic())):
                    message = await receive()
            except TimeoutError:
                raise _too_slow() from None
            if message["type"] == "http.disconnect":
                raise Dropped
            piece = message.get("body", b"")
            more = message.get("more_body", False)
            size += len(piece)
            if size > limit * DRAIN:
                raise _too_large(limit)
            if size <= limit:
                _write(body, piece)
        return size


class FileAnswers:
    """ASGI application that sends files for `app`, which answers them and goes on.

    Two ways to name one: the header `X-Deskbell-File: <absolute path>` (inside `folder` only; the header
    never leaves this process), or an open file under FILE_KEY in the scope, left there by `hand_over`.
    Several go out as one zip: `X-Deskbell-Archive: [[name, absolute path, seconds since the epoch], …]`.
    """

    def __init__(self, app: App, *, folder: Path, page: Page = plain) -> None:
        self.app = app
        self.page = page
        self.folder = folder.resolve()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        file: IO[bytes] | None = None
        packed: list[Packed] | None = None
        silent = False

        async def look(message: Message) -> None:
            nonlocal file, packed, silent
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                if ARCHIVE_HEADER in headers:
                    silent = True
                    packed = self._packed(headers[ARCHIVE_HEADER])
                    await (send(_archive_start(message)) if packed else self._missing(scope, send))
                    return
                name = headers.get(FILE_HEADER)
                if name is not None:
                    silent = True
                    file = self._open(name)
                    await (send(_file_start(message, file)) if file else self._missing(scope, send))
                    return
            elif FILE_KEY in scope:
                silent = True
                file = scope.pop(FILE_KEY)
            if not silent:
                await send(message)

        try:
            await self.app(scope, receive, look)
            if file is not None:
                await _send_file(file, send, empty=scope["method"] == "HEAD")
            if packed:
                await _send_archive(packed, send, empty=scope["method"] == "HEAD")
        finally:
            if file is not None:
                file.close()

    async def _missing(self, scope: Scope, send: Send) -> None:
        await _say(MISSING, scope, send, self.page)

    def _packed(self, header: bytes) -> list[Packed] | None:
        """The files of an archive; None when one of them is not there, before anything is sent."""
        packed = [Packed(name, Path(path), at) for name, path, at in json.loads(header)]
        if not all(self._inside(file.path) for file in packed):
            return None
        if missing := [file for file in packed if not os.access(file.path, os.R_OK)]:
            log.error("%s stored files cannot be read", len(missing))
            return None
        return packed

    def _inside(self, path: Path) -> bool:
        if path.resolve().is_relative_to(self.folder):
            return True
        log.error("a view named a file outside the files folder")
        return False

    def _open(self, name: bytes) -> IO[bytes] | None:
        path = Path(os.fsdecode(name))
        if not self._inside(path):
            return None
        try:
            return path.open("rb")
        except OSError as error:
            log.error("a stored file cannot be read: %s", error)
            return None


def hand_over(wsgi: Callable[..., Any]) -> Callable[..., Any]:
    """The WSGI application `wsgi`, whose open files (FileResponse) go to FileAnswers instead of a thread."""

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        environ["wsgi.file_wrapper"] = _Wrapped
        answer = wsgi(environ, start_response)
        if not isinstance(answer, _Wrapped):
            return answer
        try:
            descriptor = answer.file.fileno()
        except (AttributeError, OSError):
            return answer  # not a file of the system: sent from memory
        environ["asgi.scope"][FILE_KEY] = os.fdopen(os.dup(descriptor), "rb")
        answer.close()
        return []

    return application


class _Wrapped:
    """PEP 3333's `wsgi.file_wrapper`."""

    def __init__(self, file: IO[bytes], block: int = CHUNK) -> None:
        self.file = file
        self.block = block

    def __iter__(self) -> Iterator[bytes]:
        return iter(lambda: self.file.read(self.block), b"")

    def close(self) -> None:
        self.file.close()


def _file_start(message: Message, file: IO[bytes]) -> dict[str, Any]:
    dropped = {FILE_HEADER, b"content-length"}
    headers = [(name, value) for name, value in message["headers"] if name not in dropped]
    size = os.fstat(file.fileno()).st_size
    return {**message, "headers": [*headers, (b"content-length", str(size).encode())]}


def _archive_start(message: Message) -> dict[str, Any]:
    """Its length is known only at its end, so it goes out in chunks."""
    dropped = {ARCHIVE_HEADER, b"content-length"}
    return {**message, "headers": [each for each in message["headers"] if each[0] not in dropped]}


async def _send_archive(packed: list[Packed], send: Send, *, empty: bool) -> None:
    loop = asyncio.get_running_loop()
    pieces = zipped(packed)
    while not empty and (piece := await loop.run_in_executor(None, next, pieces, None)) is not None:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _send_file(file: IO[bytes], send: Send, *, empty: bool) -> None:
    loop = asyncio.get_running_loop()
    while not empty and (piece := await loop.run_in_executor(None, file.read, CHUNK)):
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _announced(headers: dict[bytes, bytes]) -> int | None:
    """The body's size by Content-Length, None for a chunked body."""
    if b"transfer-encoding" in headers:
        return None
    try:
        return int(headers.get(b"content-length", b"0"))
    except ValueError:
        raise Answered(400, N_("Bad request"), N_("The length of the request is not a number.")) from None


def _write(body: IO[bytes], piece: bytes) -> None:
    try:
        body.write(piece)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise Answered(
            507, N_("No space"), N_("The disk of the server is full. Tell its administrator.")
        ) from error


def _with_length(scope: Scope, length: int) -> Scope:
    """The scope as the threaded application reads it: one Content-Length, no chunks, plain ASCII.

    Names with an underscore are left out: CGI spells `-` and `_` alike, so they could pass for others.
    """
    dropped = {b"content-length", b"transfer-encoding", b"expect"}
    headers = [
        (name, value) for name, value in scope["headers"] if name.lower() not in dropped and b"_" not in name
    ]
    query = scope["query_string"]
    if not query.isascii():
        query = quote_from_bytes(query, safe="".join(map(chr, range(33, 127)))).encode()
    return {
        **scope,
        "headers": [*headers, (b"content-length", str(length).encode())],
        "query_string": query,
    }


def _replay(body: IO[bytes], receive: Receive) -> Receive:
    done = False

    async def again() -> Message:
        nonlocal done
        if done:
            return await receive()
        piece = body.read(CHUNK)
        done = len(piece) < CHUNK
        return {"type": "http.request", "body": piece, "more_body": not done}

    return again


def _too_slow() -> Answered:
    return Answered(408, N_("Too slow"), N_("The request took too long to arrive. Try again."))


def _too_large(limit: int) -> Answered:
    detail = N_("This is larger than %(size)s MB, the most we can take.")
    return Answered(413, N_("Too large"), detail, {"size": limit // 1_000_000})


async def _say(answer: Answered, scope: Scope, send: Send, page: Page) -> None:
    if scope["path"].startswith("/api/"):
        kind = b"application/problem+json"
        text = json.dumps(
            {
                "type": "about:blank",
                "title": answer.title,
                "status": answer.status,
                "detail": answer.detail % answer.values,
                "errors": [],
            }
        )
    else:
        kind = b"text/html; charset=utf-8"
        accepted = {name.lower(): value for name, value in scope["headers"]}.get(b"accept-language", b"")
        text = page(answer, accepted.decode("latin-1"))
    body = text.encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
        (b"cache-control", b"no-store"),
        (b"x-content-type-options", b"nosniff"),
        (b"vary", b"Accept-Language"),
        (
            b"content-security-policy",
            b"default-src 'none'; style-src 'self'; img-src 'self'; font-src 'self'; base-uri 'none'; "
            b"form-action 'none'; frame-ancestors 'none'",
        ),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
