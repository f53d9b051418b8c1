from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from deskbell.people import permissions
from deskbell.people.rights import rights_of
from deskbell.setup.access import ask_to_sign_in


@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """The first page of the setup that the person may see."""
    if not request.user.is_authenticated:
        return ask_to_sign_in(request)
    rights = rights_of(request.user)
    if rights.has(permissions.SETUP):
        return redirect("setup:people")
    if rights.has(permissions.AUDIT):
        return redirect("setup:audit")
    raise PermissionDenied(permissions.SETUP)
