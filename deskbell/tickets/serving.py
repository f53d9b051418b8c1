"""What came from outside, shown: mails as they were formatted, and files. Each face has routes of its own."""

from __future__ import annotations

import json
import re
from html import escape, unescape
from urllib.parse import unquote

from django.core import signing
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.utils.http import content_disposition_header

from deskbell.kit.answers import RESOURCE
from deskbell.kit.archive import unique_names
from deskbell.kit.html import with_remote_images
from deskbell.people.models import User
from deskbell.tickets.models import Attachment, Message, Ticket

FRAME = (
    "sandbox; default-src 'none'; img-src 'self'{images}; style-src 'unsafe-inline'; frame-ancestors 'self'"
)
FILE = "sandbox; default-src 'none'"
SALT = "tickets.inline"
_CID = re.compile(r'src="cid:([^"]*)"')
#: seconds in which the pictures of a frame may be fetched
INLINE_AGE = 3600
PAGE = (
    '<!doctype html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    "<title>{title}</title><style>body{{font:15px/1.5 system-ui,sans-serif;margin:12px;color:#15181f;"
    "background:#fff;overflow-wrap:break-word}}img{{max-width:100%;height:auto}}"
    "pre{{white-space:pre-wrap}}table{{max-width:100%}}</style></head><body>{body}</body></html>"
)


def message_html(
    user: User, pk: int, *, images: bool = False, inline_route: str = "desk:inline"
) -> HttpResponse:
    """The cleaned HTML of a mail, for a sandboxed frame. Raises Http404.

    `images` lets this one frame load images from the web. `inline_route` names the route that answers with
    `inline_image`; its one argument is a token, since a sandboxed frame sends no cookies.
    """
    message = Message.objects.visible_to(user).filter(pk=pk, redacted_at=None).exclude(html="").first()
    if message is None:
        raise Http404
    body = _with_inline_images(message, user, inline_route)
    page = PAGE.format(title=escape(message.subject), body=with_remote_images(body) if images else body)
    headers = {"Content-Security-Policy": FRAME.format(images=" https:" if images else "")}
    return _private(HttpResponse(page, headers=headers))


def _with_inline_images(message: Message, user: User, route: str) -> str:
    files = {file.content_id: file.pk for file in message.attachments.exclude(content_id="")}

    def source(found: re.Match[str]) -> str:
        pk = files.get(unquote(unescape(found[1])))
        return f'src="{reverse(route, args=[signing.dumps([user.pk, pk], salt=SALT)])}"' if pk else ""

    return _CID.sub(source, message.html)


def inline_image(token: str) -> HttpResponse:
    """The picture named by a token of `message_html`, if its reader may still see it. Raises Http404."""
    try:
        user_id, pk = signing.loads(token, salt=SALT, max_age=INLINE_AGE)
    except signing.BadSignature as error:
        raise Http404 from error
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Http404
    file = _visible(user, pk)
    if not file.blob.is_safe_image:
        raise Http404
    response = _file(file, inline=True)
    # the frame is sandboxed: to the browser it is another site, and the token has let it in
    response[RESOURCE] = "cross-origin"
    return response


def attachment(user: User, pk: int, *, inline: bool = False) -> HttpResponse:
    """A file for its reader to save or, if `inline` and a safe image, to look at. Raises Http404."""
    file = _visible(user, pk)
    return _file(file, inline=inline and file.blob.is_safe_image)


def _visible(user: User, pk: int) -> Attachment:
    file = Attachment.objects.visible_to(user).select_related("blob").filter(pk=pk).first()
    if file is None:
        raise Http404
    return file


def _file(file: Attachment, *, inline: bool) -> HttpResponse:
    """Only the head: the ASGI side sends the content (config/asgi.py)."""
    headers = {
        "Content-Disposition": content_disposition_header(not inline, file.filename) or "attachment",
        "Content-Security-Policy": FILE,
        "X-Deskbell-File": str(file.blob.path),
    }
    return _private(HttpResponse(content_type=file.blob.content_type, headers=headers))


def archive(user: User, number: int) -> HttpResponse:
    """Every file of a ticket that `user` may see, in one zip. Raises Http404, also when there are none.

    Only the head, as `_file`: the ASGI side reads the files and packs them while it sends.
    """
    ticket = Ticket.objects.visible_to(user, trashed=True).filter(number=number).first()
    files = list(files_of(ticket, user).select_related("blob").order_by("pk")) if ticket else []
    if not files:
        raise Http404
    names = unique_names(file.filename for file in files)
    packed = [
        [name, str(file.blob.path), file.created_at.timestamp()]
        for name, file in zip(names, files, strict=True)
    ]
    headers = {
        "Content-Disposition": f'attachment; filename="ticket-{number}-files.zip"',
        "Content-Security-Policy": FILE,
        "X-Deskbell-Archive": json.dumps(packed),
    }
    response = _private(HttpResponse(content_type="application/zip", headers=headers))
    response["Cache-Control"] = "private, no-store"
    return response


def files_of(ticket: Ticket, user: User) -> QuerySet[Attachment]:
    """The files of a ticket that `user` may see."""
    return Attachment.objects.visible_to(user).filter(message__ticket=ticket)


def _private(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "private, max-age=600"
    response["X-Content-Type-Options"] = "nosniff"
    response["Referrer-Policy"] = "no-referrer"
    return response
