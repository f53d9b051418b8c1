"""See the desk as a person sees it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.people import actions, permissions, viewing
from deskbell.people.queries import visible_people
from deskbell.setup.access import Request, permitted


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def begin(request: Request, pk: int) -> HttpResponse:
    person = get_object_or_404(visible_people(request.user), pk=pk)
    back = reverse("desk:person" if request.POST.get("from") == "desk" else "setup:person", args=[pk])
    try:
        viewing.begin(request, person, back=back)
    except actions.NotAllowed:
        messages.error(
            request, _("Only somebody who may do at least as much everywhere may look as this person.")
        )
        return redirect(back)
    return redirect("/")
