"""The least a page could cost behind our server and middleware: each view in at most fifteen lines."""

from uuid import uuid4

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt

from deskbell.events.models import Once
from deskbell.tickets.models import Ticket

COLUMNS = ("number", "subject", "category", "priority", "channel", "created_at", "updated_at")


@login_required
def read(request: HttpRequest) -> HttpResponse:
    """A session, its user, fifty rows by one index, a table."""
    newest = Ticket.objects.filter(active=True).order_by("-updated_at", "-id")
    return render(request, "bench/table.html", {"rows": newest.values(*COLUMNS)[:50]})


@csrf_exempt
def insert(request: HttpRequest) -> HttpResponse:
    """A body read, one row inserted and committed."""
    Once.objects.create(scope="bench", key=uuid4().hex, digest="", answer={"bytes": len(request.body)})
    return HttpResponse()


@login_required
def write(request: HttpRequest) -> HttpResponse:
    """The same, with one row inserted and committed."""
    Once.objects.create(scope="bench", key=uuid4().hex, digest="")
    return read(request)
