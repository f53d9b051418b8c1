"""A customer manager's page about the people of his organisation."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deskbell.kit.once import accepted
from deskbell.people import actions
from deskbell.people.models import Invitation, MembershipRequest, User
from deskbell.people.permissions import CUSTOMER_LEVELS
from deskbell.people.queries import asking, people_of
from deskbell.people.rights import known_rights
from deskbell.people.rules import manages_organization, may_set_level
from deskbell.portal.access import Request, signed_in
from deskbell.portal.forms import LEVELS, ColleagueForm

#: more than that many are found by an administrator
SHOWN = 200


def _managing(request: Request) -> None:
    if not manages_organization(request.user):
        raise PermissionDenied


@require_safe
@signed_in
def organization(request: Request) -> HttpResponse:
    """Members with what they may do, who would like to belong, and who is invited."""
    _managing(request)
    return _page(request, ColleagueForm())


def _page(request: Request, form: ColleagueForm, status: int = 200) -> HttpResponse:
    home = request.user.organization
    assert home is not None
    found = list(people_of(home.pk)[: SHOWN + 1])
    context: dict[str, Any] = {
        "organization": home,
        "members": [_member(request.user, person) for person in found[:SHOWN]],
        "more": len(found) > SHOWN,
        "shown": SHOWN,
        "asking": list(asking(home.pk)),
        "invited": list(actions.open_invitations(home.pk).select_related("role").order_by("-pk")),
        "domains": list(home.domains.order_by("domain").values_list("domain", flat=True)),
        "levels": LEVELS,
        "form": form,
    }
    return render(request, "portal/organization.html", context, status=status)


def _member(reader: User, person: User) -> dict[str, Any]:
    """The person, his level or the words for it, and whether `reader` may change it."""
    grants = list(known_rights(person, person.grants.all()).grants)
    slugs = {grant.role.slug for grant in grants}
    return {
        "person": person,
        "level": next((level for level in reversed(CUSTOMER_LEVELS) if level in slugs), "customer"),
        "manager": any(grant.role.slug == "customer_manager" for grant in grants),
        "changeable": person.is_active and may_set_level(reader, person),
    }


@require_POST
@signed_in
def level(request: Request, pk: int) -> HttpResponse:
    """Make a colleague a read-only contact, or let him write again."""
    _managing(request)
    person = get_object_or_404(people_of(request.user.organization_id), pk=pk)
    try:
        actions.set_level(person, request.POST.get("level", ""), by=request.user)
    except actions.NotAllowed:
        messages.error(request, _("You cannot change what this person may do."))
    else:
        messages.success(request, _("%(name)s: saved.") % {"name": person.display_name})
    return redirect("portal:organization")


@require_POST
@signed_in
def membership(request: Request, pk: int) -> HttpResponse:
    """Approve or refuse: `do` says which. The first decision counts."""
    _managing(request)
    rows = MembershipRequest.objects.select_related("user").filter(organization=request.user.organization)
    asked = get_object_or_404(rows, pk=pk)
    asked = actions.decide_membership(asked, approve=request.POST.get("do") == "approve", by=request.user)
    said = _("%(name)s belongs to it now.") if asked.approved else _("%(name)s does not belong to it.")
    messages.success(request, said % {"name": asked.user.display_name})
    return redirect("portal:organization")


@require_POST
@signed_in
def colleagues(request: Request) -> HttpResponse:
    """Invite somebody with an address of the organisation's domain."""
    _managing(request)
    form = ColleagueForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    email = form.cleaned_data["email"]
    try:
        actions.invite_colleague(email, level=form.cleaned_data["level"], by=request.user)
    except actions.NotInvitable as error:
        form.add_error("email", _refusal(str(error)))
        return _page(request, form, status=422)
    messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": email})
    return accepted(redirect("portal:organization"), request)


def _refusal(reason: str) -> str:
    return {
        "domain": _("You can invite people with an address of your organisation. Ask us about others."),
        "here": _("This person belongs to an organisation already."),
        "invited": _("An invitation to this address is still open."),
        "many": _("Many invitations are still open. Wait until some are answered, or withdraw some."),
    }[reason]


@require_POST
@signed_in
def withdrawal(request: Request, pk: int) -> HttpResponse:
    _managing(request)
    invitation = get_object_or_404(Invitation, organization=request.user.organization, pk=pk)
    actions.withdraw_invitation(invitation, by=request.user)
    done = _("The invitation to %(email)s is withdrawn.") % {"email": invitation.email}
    messages.success(request, done)
    return redirect("portal:organization")
