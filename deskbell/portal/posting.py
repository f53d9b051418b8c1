"""A form with a text and files is accepted once; a refused one keeps both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _

from deskbell.events.once import KeyReused, once
from deskbell.files.actions import TooBig
from deskbell.kit.jinja import file_size
from deskbell.kit.once import key_of, new_key
from deskbell.portal.access import Request
from deskbell.tickets import actions
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment


@dataclass
class Refused(Exception):
    """Why nothing was written, in words for the writer; `field` is a form's field or None."""

    message: str
    field: str | None = None


@dataclass
class Posting:
    """What a form brought: `text`, ids of files that are uploaded already, and files that came with it."""

    request: Request
    text: str
    uploads: list[int]
    files: list[UploadedFile] = field(default_factory=list)

    @classmethod
    def of(cls, request: Request, cleaned: dict[str, Any]) -> Posting:
        return cls(request, cleaned["text"], cleaned["uploads"], request.FILES.getlist("files"))

    def once(self, scope: str, content: dict[str, Any], act: Callable[[Content], Any]) -> Any:
        """What `act` answered, now or when the same form was sent before. Raises Refused."""
        files = [[file.name, file.size] for file in self.files]
        whole = {**content, "text": self.text, "uploads": self.uploads, "files": files}
        key = key_of(self.request) or new_key()
        try:
            return once(f"{scope}:{self.request.user.pk}", key, whole, lambda: act(self._content()))[0]
        except KeyReused as error:
            raise Refused(
                _("This form was sent before with another text. Send it again if you mean both.")
            ) from error
        except actions.EmptyMessage as error:
            raise Refused(_("Write something or attach a file."), "text") from error
        except actions.UploadGone as error:
            raise Refused(gone(error.uploads, self.request), "text") from error
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


def upload(file: UploadedFile, request: Request) -> Attachment:
    file.seek(0)
    return actions.upload(cast(BinaryIO, file), filename=file.name or "", by=request.user)


def still_there(uploads: list[int], request: Request) -> list[dict[str, Any]]:
    """`[{id, filename, size}]` of one's own files that are in no message yet."""
    found = Attachment.objects.filter(pk__in=uploads, uploader=request.user, message=None)
    return [
        {"id": file.pk, "filename": file.filename, "size": file.blob.size}
        for file in found.select_related("blob").order_by("pk")
    ]


def gone(uploads: list[int], request: Request) -> str:
    """Names the files where they are known: they may be in a message already."""
    names = Attachment.objects.filter(pk__in=uploads, uploader=request.user).order_by("pk")
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
