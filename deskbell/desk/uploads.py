"""Files that come with a form: those a script has brought before, and those of a plain file field."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest

from deskbell.desk.access import person
from deskbell.files.actions import TooBig
from deskbell.tickets import actions
from deskbell.tickets.models import Attachment


def uploads_of(request: HttpRequest) -> list[int]:
    """Ids of the files named in the form. What is no id is left out."""
    given = (value for value in request.POST.getlist("uploads") if value.isdecimal() and len(value) < 19)
    return list(dict.fromkeys(map(int, given)))[:50]


def keep_files(request: HttpRequest) -> tuple[list[int], list[str]]:
    """Keep the files of a plain file field; their ids, and the names of those too big."""
    kept, too_big = [], []
    for file in request.FILES.getlist("files"):
        try:
            kept.append(actions.upload(file, filename=file.name or "", by=person(request)).pk)  # type: ignore[arg-type]
        except TooBig:
            too_big.append(file.name or "")
    return kept, too_big


def shown(request: HttpRequest, ids: Iterable[int]) -> list[dict[str, object]]:
    """Those of `ids` that are still the person's own and not posted, as the composer draws them."""
    files = Attachment.objects.select_related("blob").filter(
        pk__in=list(ids), uploader=person(request), message=None
    )
    return [{"id": file.pk, "filename": file.filename, "size": file.blob.size} for file in files]
