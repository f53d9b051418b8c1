"""The one application of a web process: Django on a fixed number of threads, beside it /live and /healthz.

Everything for Django goes through `Spool`: views see complete bodies only, and a slow client holds
no thread. Files come back through `FileAnswers`. Streams hold neither a thread nor a connection.
"""

from __future__ import annotations

import os

from a2wsgi import WSGIMiddleware

from deskbell.config.proxies import Proxies
from deskbell.config.wsgi import application as django_application
from deskbell.kit import lifeline
from deskbell.kit.http_body import FileAnswers, Receive, Scope, Send, Spool, hand_over

from django.conf import settings  # isort: skip - ready only after Django was set up above

from deskbell.channels.actions.webhooks import LARGEST  # isort: skip
from deskbell.kit import early  # isort: skip
from deskbell.realtime.live import live  # isort: skip

#: bytes of a form around its files: names, boundaries, the text typed
FORM_SLACK = 2 * 1024 * 1024
PLAIN_LIMIT = 2 * 1024 * 1024
#: uploads of people who did not sign in
GUESTS = "/portal/ask/"
#: mails that a mail service brings
PUSHED = "/channels/mail/"
#: what WhatsApp posts
WEBHOOKS = "/channels/whatsapp/"
UPLOADS = ("/desk/", "/portal/", "/field/", "/setup/", "/account/photo/", "/api/v1/uploads")


def body_limit(path: str) -> int:
    """The most bytes a request to `path` may carry."""
    if path.startswith(GUESTS):
        return int(settings.GUEST_UPLOAD_LIMIT) + FORM_SLACK
    if path.startswith(PUSHED):
        return int(settings.UPLOAD_LIMIT * 1.5) + FORM_SLACK  # a mail's files in base64, once more in JSON
    if path.startswith(WEBHOOKS):
        return LARGEST
    if path.startswith(UPLOADS):
        return int(settings.UPLOAD_LIMIT) + FORM_SLACK
    return PLAIN_LIMIT


django = Spool(
    FileAnswers(
        WSGIMiddleware(
            hand_over(django_application), workers=int(os.environ.get("DESKBELL_WEB_THREADS", "4"))
        ),  # type: ignore[arg-type]
        folder=settings.FILES_DIR,
        page=early.page,
    ),
    limit_of=body_limit,
    page=early.page,
)


async def route(scope: Scope, receive: Receive, send: Send) -> None:
    """Each kind of request to what answers it."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["path"] == "/live":
        await live(scope, receive, send)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4404})
    elif scope["path"] == "/healthz":
        await _healthz(send)
    else:
        await django(scope, receive, send)


#: the ASGI entry point
application = Proxies(route, trusted=settings.TRUSTED_PROXIES)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            live.open()
            lifeline.follow(live.close_soon)
        else:
            await live.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _healthz(send: Send) -> None:
    headers = [(b"content-type", b"text/plain"), (b"content-length", b"2"), (b"cache-control", b"no-store")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok", "more_body": False})
