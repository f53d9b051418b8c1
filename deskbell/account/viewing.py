"""The end of looking at the desk as somebody else sees it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from deskbell.account.access import Request, own
from deskbell.people import viewing


@require_POST
@own
def end(request: Request) -> HttpResponse:
    state = request.session.get(viewing.SESSION_KEY)
    viewing.end(request, request.user)
    return redirect(state["back"] if state else "/")
