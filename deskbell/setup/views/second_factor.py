"""A lost second factor is taken away."""

from __future__ import annotations

from typing import Any

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.people import actions, permissions, second_factor
from deskbell.people.models import User
from deskbell.people.queries import visible_people
from deskbell.setup.access import Request, permitted


def shown(somebody: User, by: User) -> dict[str, Any]:
    """What setup/_second_factor.html shows."""
    try:
        actions.may_reset_second_factor(somebody, by)
        may_reset = True
    except actions.NotAllowed:
        may_reset = False
    return {
        "since": second_factor.since(somebody),
        "missing": second_factor.is_missing(somebody),
        "may_reset": may_reset,
    }


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
@reauthentication_required(app="allauth.mfa")
def reset(request: Request, pk: int) -> HttpResponse:
    somebody = get_object_or_404(visible_people(request.user), pk=pk)
    try:
        actions.reset_second_factor(somebody, by=request.user)
    except actions.NotAllowed:
        messages.error(request, _("Only somebody who may do at least as much may reset this second factor."))
    else:
        messages.success(
            request, _("%(name)s signs in without a second factor now.") % {"name": somebody.display_name}
        )
    return redirect("setup:person", pk=pk)
