from django.db.models import QuerySet

from deskbell.files.keep import keeper
from deskbell.tickets.models import Attachment


@keeper
def attached_blobs() -> QuerySet:
    return Attachment.objects.values("blob")
