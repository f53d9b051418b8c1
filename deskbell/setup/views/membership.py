"""Whether somebody belongs to an organisation: decided by an administrator."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from deskbell.people import actions, permissions
from deskbell.people.models import MembershipRequest
from deskbell.setup.access import Request, permitted


@require_POST
@permitted(permissions.SETUP)
def decision(request: Request, pk: int) -> HttpResponse:
    """Approve or refuse: `do` says which. The first decision counts."""
    asked = get_object_or_404(MembershipRequest.objects.select_related("user"), pk=pk)
    asked = actions.decide_membership(asked, approve=request.POST.get("do") == "approve", by=request.user)
    said = _("%(name)s belongs to it now.") if asked.approved else _("%(name)s does not belong to it.")
    messages.success(request, said % {"name": asked.user.display_name})
    return redirect("setup:organization", pk=asked.organization_id)
