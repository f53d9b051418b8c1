from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deskbell.people import permissions
from deskbell.people.rights import rights_of
from deskbell.setup.access import ask_to_sign_in
from deskbell.setup.menu import menu_for
from deskbell.setup.pages import show


@require_safe
@never_cache
def start(request: HttpRequest) -> HttpResponse:
    """The pages of the setup one may open, as cards; who may open one page alone is led there."""
    if not request.user.is_authenticated:
        return ask_to_sign_in(request)
    items = [item for group in menu_for(rights_of(request.user)) for item in group.items]
    if not items:
        raise PermissionDenied(permissions.SETUP)
    if len(items) == 1:
        return redirect(f"setup:{items[0].route}")
    return show(request, "start.html", {})  # type: ignore[arg-type]
