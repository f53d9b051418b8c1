from django.db.models import QuerySet

from deskbell.files.keep import keeper
from deskbell.tickets import (
    persons,  # noqa: F401  its columns are in the list from now on
    traces,  # noqa: F401  its stores are in the list from now on
)
from deskbell.tickets.models import Attachment


@keeper
def attached_blobs() -> QuerySet:
    return Attachment.objects.values("blob")
