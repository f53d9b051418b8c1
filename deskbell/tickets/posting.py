"""A form with a text and files is accepted once; a refused one keeps both. For every face one writes in."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

from deskbell.events.once import KeyReused, once
from deskbell.files.actions import TooBig
from deskbell.files.bare import bare
from deskbell.kit.jinja import file_size
from deskbell.kit.once import key_of, new_key
from deskbell.people.models import User
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment

log = logging.getLogger(__name__)


class UploadsField(forms.Field):
    """The ids in the hidden `uploads` fields that the file list makes; anything else in them is ignored."""

    widget = forms.MultipleHiddenInput

    def clean(self, value: Any) -> list[int]:
        given = [str(each) for each in value or []]
        return [int(each) for each in given if each.isascii() and each.isdigit() and len(each) < 19]


@dataclass
class Refused(Exception):
    """Why nothing was written, in words for the writer; `field` is a form's field or None."""

    message: str
    field: str | None = None


@dataclass
class Posting:
    """What a form brought: `text`, ids of files that are uploaded already, and files that came with it."""

    request: HttpRequest
    text: str
    uploads: list[int]
    files: list[UploadedFile] = field(default_factory=list)

    @classmethod
    def of(cls, request: HttpRequest, cleaned: dict[str, Any]) -> Posting:
        return cls(request, cleaned["text"], cleaned["uploads"], request.FILES.getlist("files"))

    def once(self, scope: str, content: dict[str, Any], act: Callable[[Content], Any]) -> Any:
        """What `act` answered, now or when the same form was sent before. Raises Refused."""
        files = [[file.name, file.size] for file in self.files]
        whole = {**content, "text": self.text, "uploads": self.uploads, "files": files}
        key = key_of(self.request) or new_key()
        try:
            return once(scope_of(scope, self.request), key, whole, lambda: act(self._content()))[0]
        except KeyReused as error:
            raise Refused(
                _("This form was sent before with another text. Send it again if you mean both.")
            ) from error
        except actions.EmptyMessage as error:
            raise Refused(_("Write something or attach a file."), "text") from error
        except actions.ChatClosed as error:
            raise Refused(chat_closed(error), "text") from error
        except actions.UploadGone as error:
            raise Refused(gone(error.uploads, self.request), "text") from error
        except actions.TicketMerged as error:
            text = _("Nothing was sent: this ticket became part of #%(number)s. Write there.")
            raise Refused(text % {"number": error.ticket.number}) from error
        except actions.TicketGone as error:
            raise Refused(_("This ticket is not there any more. Open a new one with your text.")) from error
        except TooBig as error:
            raise Refused(too_big(), "text") from error

    def _content(self) -> Content:
        brought = [upload(file, self.request).pk for file in self.files]
        return Content.markdown(self.text, uploads=[*self.uploads, *brought])

    def kept(self) -> list[dict[str, Any]]:
        """The files for the next try: those still there and, stored now, those that came with the form."""
        uploads = list(self.uploads)
        for file in self.files:
            try:
                uploads.append(upload(file, self.request).pk)
            except TooBig:
                continue  # said beside the text
        return still_there(uploads, self.request)


def chat_closed(error: actions.ChatClosed) -> str:
    if error.days > 1:
        text = _(
            "The customer last wrote more than %(days)s days ago: by WhatsApp Web he has to write first."
        )
        return text % {"days": error.days}
    return _("The customer last wrote more than 24 hours ago: WhatsApp takes nothing but templates now.")


def scope_of(scope: str, request: HttpRequest) -> str:
    """Where the keys of one person's forms are kept apart from everybody else's (events.Once)."""
    return f"{scope}:{request.user.pk}"


def upload(file: UploadedFile, request: HttpRequest, *, key: str = "", as_it_is: bool = False) -> Attachment:
    """Keep a file of the signed-in person; a photo without the camera's data, unless `as_it_is`."""
    file.seek(0)
    content = cast(BinaryIO, file)
    return actions.upload(
        content if as_it_is else bare(content),
        filename=file.name or "",
        by=cast(User, request.user),
        key=key,
    )


def answer_upload(request: HttpRequest, *, as_it_is: bool = False) -> JsonResponse:
    """Keep one file until its message is sent: 201 `{id, filename, content_type, size}`, or `{detail}`.

    With a `key` of the sender's the same file sent again is the same upload.
    """
    file = request.FILES.get("file")
    if file is None:
        return JsonResponse({"detail": _("There was no file in this upload.")}, status=422)
    try:
        kept = upload(file, request, key=request.POST.get("key", "")[:80], as_it_is=as_it_is)
    except actions.NotAllowed:
        return JsonResponse({"detail": _("You may look at tickets, not write to them.")}, status=403)
    except TooBig:
        return JsonResponse({"detail": too_big()}, status=413)
    except (KeyReused, actions.UploadGone):
        detail = _("This file was sent and removed before. Attach it anew.")
        return JsonResponse({"detail": detail}, status=409)
    except OSError:
        log.exception("a file could not be stored")
        detail = _("The server could not store the file. Try again later, or write without it.")
        return JsonResponse({"detail": detail}, status=507)
    answer = {
        "id": kept.pk,
        "filename": kept.filename,
        "content_type": kept.blob.content_type,
        "size": kept.blob.size,
    }
    return JsonResponse(answer, status=201)


def still_there(uploads: list[int], request: HttpRequest) -> list[dict[str, Any]]:
    """`[{id, filename, size}]` of one's own files that are in no message yet."""
    found = Attachment.objects.filter(pk__in=uploads, uploader=cast(User, request.user), message=None)
    return [
        {"id": file.pk, "filename": file.filename, "size": file.blob.size}
        for file in found.select_related("blob").order_by("pk")
    ]


def gone(uploads: list[int], request: HttpRequest) -> str:
    """Names the files where they are known: they may be in a message already."""
    names = Attachment.objects.filter(pk__in=uploads, uploader=cast(User, request.user)).order_by("pk")
    known = ", ".join(names.values_list("filename", flat=True))
    if known:
        return _(
            "Nothing was sent: these files belong to another message already: %(names)s. Attach them again."
        ) % {"names": known}
    return _("Nothing was sent: a file is not there any more. It was taken off the list; attach it again.")


def too_big() -> str:
    return _("A file is too big: at most %(limit)s each. It was taken off the list.") % {
        "limit": file_size(settings.UPLOAD_LIMIT)
    }
