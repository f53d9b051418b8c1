from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from deskbell.people import permissions
from deskbell.people.rights import rights_of
from deskbell.setup import steps
from deskbell.setup.access import Request
from deskbell.setup.menu import menu_for


def show(request: Request, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """A page of the setup with the navigation that its reader may use."""
    rights = rights_of(request.user)
    may = {
        "menu": menu_for(rights),
        "may_setup": rights.has(permissions.SETUP),
        "may_invite": rights.has(permissions.PEOPLE_INVITE),
        "may_desk": rights.staff,
        "steps_left": SimpleLazyObject(steps.any_left),
    }
    return render(request, f"setup/{template}", {**may, **context}, status=status)
