"""Everything about a person, for himself: JSON and his own files, packed while they are sent."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from deskbell.account.access import Request, own
from deskbell.events.models import Event
from deskbell.files.actions import store
from deskbell.files.models import Blob
from deskbell.kit.archive import unique_names
from deskbell.people import actions
from deskbell.people.devices import HISTORY
from deskbell.people.models import ApiToken, Device, User
from deskbell.people.passkeys import passkeys_of
from deskbell.people.queries import name_for
from deskbell.people.rights import rights_of
from deskbell.people.telling import sign_in_line
from deskbell.tickets.models import Attachment, Message, Ticket, Watcher

#: tickets read at once
BATCH = 100


@require_http_methods(["GET", "HEAD", "POST"])
@own
def mine(request: Request) -> HttpResponse:
    """The page; a POST is the archive."""
    if request.method != "POST":
        return render(request, "account/mine.html", {})
    user = User.objects.select_related("organization").get(pk=request.user.pk)
    packed = [*_documents(user), *_files(user)]
    with transaction.atomic():
        actions.note_export(user, by=user)
    headers = {
        "Content-Disposition": f'attachment; filename="my-data-{timezone.localdate()}.zip"',
        "X-Deskbell-Archive": json.dumps(packed),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content_type="application/zip", headers=headers)


def _documents(user: User) -> Iterator[tuple[str, str, float]]:
    """(name, path, when) of each JSON file. They are blobs nobody keeps: the sweeper takes them in a day."""
    written = (
        ("profile.json", [profile(user)]),
        ("tickets.json", tickets(user)),
        ("sign-ins.json", sign_ins(user)),
    )
    for name, items in written:
        with tempfile.TemporaryFile() as draft:
            single = name == "profile.json"
            _write(cast(BinaryIO, draft), iter(items), single=single)
            draft.seek(0)
            blob = store(cast(BinaryIO, draft))
        yield name, str(blob.path), timezone.now().timestamp()


def _write(out: BinaryIO, items: Iterator[Any], *, single: bool) -> None:
    """One item, or a list of them, a piece at a time."""
    pieces = (json.dumps(item, indent=1, ensure_ascii=False, default=str).encode() for item in items)
    if single:
        out.write(next(pieces))
        return
    out.write(b"[")
    for number, piece in enumerate(pieces):
        out.write((b",\n" if number else b"\n") + piece)
    out.write(b"\n]\n")


def profile(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "email": user.email,
        "organization": user.organization.name if user.organization else None,
        "language": user.language,
        "time_zone": user.time_zone,
        "signature": user.signature,
        "known_since": user.created_at,
        "addresses": list(
            user.identities.order_by("pk").values("kind", "given", "primary", "verified_at", "verified_how")
        ),
        "roles": [grant.role.name for grant in rights_of(user).grants],
        "notifications_changed": list(user.notification_choices.order_by("pk").values("event", "way", "on")),
        "passkeys": [
            {"name": each.name, "added_at": each.created_at, "last_used_at": each.last_used_at}
            for each in passkeys_of(user)
        ],
        "single_sign_on": list(
            user.provider_links.order_by("pk").values(
                "provider__name", "subject", "created_at", "last_used_at"
            )
        ),
        "directories": list(
            user.directory_links.order_by("pk").values(
                "directory__name", "subject", "created_at", "last_used_at", "gone_at"
            )
        ),
        "devices": list(
            Device.objects.filter(user=user)
            .order_by("pk")
            .values(
                "browser", "system", "address", "how", "where", "signed_in_at", "last_seen_at", "ended_at"
            )
        ),
        "api_tokens": list(
            ApiToken.objects.filter(user=user)
            .order_by("pk")
            .values("name", "read_only", "created_at", "last_used_at", "expires_at", "revoked_at")
        ),
    }


def tickets(user: User) -> Iterator[dict[str, Any]]:
    """Those he asked for or is copied in on, as he may see them, with what is public in them."""
    copied = Watcher.objects.filter(ticket=OuterRef("pk"), user=user, kind=Watcher.Kind.CC)
    rows = Ticket.objects.visible_to(user).filter(Q(requester=user) | Exists(copied)).select_related("status")
    last = 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = batch[-1].pk
        said: dict[int, list[dict[str, Any]]] = {}
        public = Message.objects.visible_to(user).filter(
            ticket__in=batch, visibility=Message.Visibility.PUBLIC, redacted_at=None
        )
        for message in public.select_related("author").order_by("pk"):
            said.setdefault(message.ticket_id or 0, []).append(_said(message, user))
        for ticket in batch:
            yield {
                "number": ticket.number,
                "subject": ticket.subject,
                "status": ticket.status.label,
                "opened_at": ticket.created_at,
                "messages": said.get(ticket.pk, []),
            }


def _said(message: Message, reader: User) -> dict[str, Any]:
    author = message.author
    if author is None:
        name = ""
    elif message.direction == Message.Direction.OUT:  # one of the desk, by the name he signs with
        name = author.display_name
    else:
        name = name_for(reader, author)
    return {"at": message.created_at, "by": name, "from_me": author == reader, "text": message.text}


def sign_ins(user: User) -> Iterator[dict[str, Any]]:
    kinds = [kind.kind for kind in HISTORY]
    rows = Event.objects.filter(about_kind="user", about_id=user.pk, kind__in=kinds).select_related("detail")
    for event in rows.order_by("pk").iterator(chunk_size=1000):
        line = sign_in_line(event)
        yield {"at": event.at, "what": line.what, "browser": line.browser, "address": line.address}


def _files(user: User) -> Iterator[tuple[str, str, float]]:
    """What he sent himself, in the folder `files`."""
    own_files = Attachment.objects.visible_to(user).filter(message__author=user, message__redacted_at=None)
    found = list(own_files.exclude(blob__scan=Blob.Scan.INFECTED).select_related("blob").order_by("pk"))
    for name, file in zip(unique_names(each.filename for each in found), found, strict=True):
        yield f"files/{name}", str(file.blob.path), file.created_at.timestamp()
