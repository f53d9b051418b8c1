from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deskbell.people.rights import rights_of
from deskbell.portal.policy import guests_welcome


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """`/`: the front page, or one's own home."""
    if not request.user.is_authenticated:
        return render(request, "portal/front.html", {"guests": guests_welcome()})
    rights = rights_of(request.user)
    if rights.in_the_field:
        return redirect("/field/")
    return redirect("/desk/home/" if rights.staff else "portal:tickets")
