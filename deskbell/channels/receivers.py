from django.db.models import QuerySet

from deskbell.channels.models import InboundFile
from deskbell.files.keep import keeper


@keeper
def waiting_blobs() -> QuerySet:
    """Files of web forms that are not decided yet, or are in quarantine."""
    return InboundFile.objects.values("blob")
