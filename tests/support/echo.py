"""A small WSGI application behind our body wrapper, for tests over real HTTP; two threads."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from a2wsgi import WSGIMiddleware

from deskbell.kit.http_body import FileAnswers, Spool, hand_over

FOLDER = Path(os.environ.get("ECHO_FOLDER", "/nonexistent"))
LIMIT = 1024 * 1024


def echo(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    if path == "/file":
        headers = [("X-Deskbell-File", environ["QUERY_STRING"]), ("Content-Type", "application/x-test")]
        start_response("200 OK", headers)
        return [b"never sent"]
    if path == "/archive":
        packed = json.dumps([[name, str(FOLDER / name), 0] for name in environ["QUERY_STRING"].split(",")])
        start_response("200 OK", [("X-Deskbell-Archive", packed), ("Content-Type", "application/zip")])
        return [b"never sent"]
    if path == "/static":
        file = (FOLDER / "static").open("rb")
        start_response("200 OK", [("Content-Type", "application/x-test")])
        return environ["wsgi.file_wrapper"](file)  # type: ignore[no-any-return]
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    with (FOLDER / "called").open("a") as called:
        called.write(f"{path} {len(body)}\n")
    start_response("200 OK", [("Content-Type", "text/plain")])
    told = f"{environ['CONTENT_LENGTH']} {len(body)} {environ['QUERY_STRING']} "
    return [told.encode() + str("HTTP_TRANSFER_ENCODING" in environ).encode()]


spool = Spool(
    FileAnswers(WSGIMiddleware(hand_over(echo), workers=2), folder=FOLDER),  # type: ignore[arg-type]
    limit_of=lambda path: LIMIT,
    idle=float(os.environ.get("ECHO_IDLE", "60")),
    total=60,
)


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "http":
        await spool(scope, receive, send)
