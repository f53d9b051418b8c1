"""The form for people without an account: its guards, and what it brings.

Nobody proved who sends it, so nothing here asks who the address belongs to, and nothing it answers tells.
No third party is asked either: a field that only programs fill in, a signed stamp that tells how long the
form was open and counts once, and limits by address and network (channels/webform/limits.py).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core import signing
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from deskbell.channels import actions as channels
from deskbell.channels.webform import limits
from deskbell.channels.webform.sent import FormSent
from deskbell.events.once import KeyReused, once
from deskbell.files.actions import TooBig, store
from deskbell.files.bare import bare
from deskbell.files.models import Blob
from deskbell.kit.jinja import file_size
from deskbell.kit.once import key_of, new_key
from deskbell.tickets.actions.attachments import clean_filename
from deskbell.tickets.content import NewFile
from deskbell.tickets.posting import Refused

#: seconds in which nobody fills in a form
FASTEST = 3
#: seconds a form, and the files uploaded with it, may wait; unused blobs are swept after a day
OLDEST = 12 * 3600
RECEIPT_LASTS = 24 * 3600
STAMP, FILE, RECEIPT = "portal.guests.stamp", "portal.guests.file", "portal.guests.receipt"


# --- the stamp --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stamp:
    """When a form was first shown, in seconds since the epoch; good for its `once` key alone."""

    once: str
    began: float

    @classmethod
    def new(cls, began: float | None = None) -> Stamp:
        """For one rendering; a form that is shown again keeps its beginning."""
        return cls(new_key(), time.time() if began is None else began)

    def sealed(self) -> str:
        return signing.dumps([self.once, self.began], salt=STAMP)


def began(request: HttpRequest) -> float | None:
    """When the form of this post was first shown; None when its stamp is missing, forged or too old."""
    try:
        key, moment = signing.loads(request.POST.get("stamp", ""), salt=STAMP)
    except signing.BadSignature:
        return None
    fresh = time.time() - moment <= OLDEST
    return float(moment) if fresh and key == key_of(request) else None


def _check_stamp(request: HttpRequest) -> None:
    moment = began(request)
    if moment is None:
        raise Refused(_("This page was open for too long. Nothing is lost: look it over and send it again."))
    if time.time() - moment < FASTEST:
        raise Refused(_("That was faster than people type. Wait a few seconds and send it again."))


# --- files ------------------------------------------------------------------------------------------


def keep(file: UploadedFile, request: HttpRequest) -> dict[str, Any]:
    """Store a file until its form is sent: `{id, filename, content_type, size}`, where `id` is a token.

    Raises TooBig, limits.TooMuch, OSError.
    """
    size = file.size or 0
    if size > settings.GUEST_UPLOAD_LIMIT:
        raise TooBig(settings.GUEST_UPLOAD_LIMIT)
    with transaction.atomic():
        limits.count_file(ip_of(request), size)
    file.seek(0)
    blob = store(bare(cast(BinaryIO, file)), limit=settings.GUEST_UPLOAD_LIMIT)
    name = clean_filename(file.name or "")
    return {
        "id": signing.dumps([blob.pk, name], salt=FILE),
        "filename": name,
        "content_type": blob.content_type,
        "size": blob.size,
    }


def kept(tokens: list[str]) -> list[tuple[str, NewFile]]:
    """The files behind tokens of `keep`, with their tokens; those that are forged or too old are left out."""
    named = []
    for token in dict.fromkeys(tokens):
        try:
            pk, name = signing.loads(token, salt=FILE, max_age=OLDEST)
        except signing.BadSignature:
            continue
        named.append((token, pk, name))
    blobs = Blob.objects.in_bulk([pk for _token, pk, _name in named])
    return [(token, NewFile(blobs[pk], name)) for token, pk, name in named if pk in blobs]


def for_next_try(request: HttpRequest) -> list[dict[str, Any]]:
    """`[{id, filename, size}]` of what a refused form brought, uploaded before or with it."""
    tokens = request.POST.getlist("uploads")
    for file in request.FILES.getlist("files")[: limits.FILES_AT_ONCE]:
        try:
            tokens.append(keep(file, request)["id"])
        except (TooBig, limits.TooMuch):
            continue  # said beside the text
    return [{"id": token, "filename": file.filename, "size": file.blob.size} for token, file in kept(tokens)]


def too_big() -> str:
    return _("A file is too big: at most %(limit)s each. It was taken off the list.") % {
        "limit": file_size(settings.GUEST_UPLOAD_LIMIT)
    }


def too_much(error: limits.TooMuch) -> str:
    return {
        "address": _(
            "We have several messages from this address already. Send this one in an hour, or sign in."
        ),
        "network": _(
            "Many messages came from your network within the hour. Send this one later, or sign in."
        ),
        "files": _("Many files came from your network within the hour. Send it without files, or sign in."),
    }[error.what]


# --- sending ----------------------------------------------------------------------------------------


def send(request: HttpRequest, given: dict[str, Any]) -> str:
    """Store what the form says (`given` is GuestForm's cleaned data), once; returns the reference.

    Raises Refused; nothing was stored then.
    """
    _check_stamp(request)
    brought = request.FILES.getlist("files")
    _not_too_many(len(given["uploads"]) + len(brought))
    whole = {
        name: given[name] if name != "queue" else given[name].slug
        for name in ("name", "email", "subject", "text", "queue", "uploads")
    }
    whole["files"] = [[file.name, file.size] for file in brought]
    try:
        return str(once("portal.ask", key_of(request), whole, lambda: _store(request, given, brought))[0])
    except KeyReused as error:
        raise Refused(
            _("This form was sent before with another text. Send it again if you mean both.")
        ) from error
    except TooBig as error:
        raise Refused(too_big(), "text") from error
    except limits.TooMuch as error:
        raise Refused(too_much(error), "text" if error.what == "files" else None) from error
    except channels.FormClosed as error:
        raise Refused(_("This form was closed meanwhile. Sign in and send your text from there.")) from error


def _store(request: HttpRequest, given: dict[str, Any], brought: list[UploadedFile]) -> str:
    limits.count_form(given["email"], ip_of(request))
    tokens = [*given["uploads"], *(keep(file, request)["id"] for file in brought)]
    files = [file for _token, file in kept(tokens)]
    if len(files) < len(set(tokens)):
        raise Refused(_("A file is not there any more. It was taken off the list; attach it again."), "text")
    form = FormSent(
        name=given["name"],
        email=given["email"],
        subject=given["subject"],
        text=given["text"],
        queue=given["queue"].slug,
        language=translation.get_language() or "",
    )
    channels.receive_form(form, files)
    return form.reference


def _not_too_many(number: int) -> None:
    most = limits.FILES_AT_ONCE
    if number > most:
        text = ngettext("At most %(most)s file at once.", "At most %(most)s files at once.", most)
        raise Refused(text % {"most": most}, "text")


def receipt_token(reference: str) -> str:
    return signing.dumps(reference, salt=RECEIPT)


def reference_of(token: str) -> str | None:
    """The reference of a receipt; None when it is forged or too old."""
    try:
        return str(signing.loads(token, salt=RECEIPT, max_age=RECEIPT_LASTS))
    except signing.BadSignature:
        return None


def ip_of(request: HttpRequest) -> str:
    """The sender's address, as sign-in counts it too."""
    return str(get_adapter(request).get_client_ip(request))
