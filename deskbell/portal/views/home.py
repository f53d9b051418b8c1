from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from deskbell.people.rights import rights_of


@require_safe
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """`/`: the front page, or one's own home."""
    if not request.user.is_authenticated:
        return render(request, "portal/front.html")
    return redirect("/desk/" if rights_of(request.user).staff else "portal:tickets")
