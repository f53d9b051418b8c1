"""Staff, their roles, and invitations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Lower
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.kit.once import accepted
from deskbell.people import actions, permissions
from deskbell.people.models import Grant, Identity, Invitation, Team, User
from deskbell.people.pointers import final
from deskbell.people.queries import visible_people
from deskbell.people.rights import rights_of
from deskbell.people.rules import beyond, may_anonymise, may_view_as, outranked
from deskbell.setup.access import Request, permitted
from deskbell.setup.forms import InvitationForm, PeopleForm, RoleForm
from deskbell.setup.pages import show
from deskbell.setup.paging import page
from deskbell.setup.saving import done_once, saved_once
from deskbell.setup.shape_forms import MemberForm
from deskbell.setup.shapes import SHAPES
from deskbell.setup.views import second_factor
from deskbell.setup.views.account import account_of
from deskbell.setup.views.shapes import shape_page

#: more than that many people are found by their name
SHOWN = 200
GRANTS = Prefetch("grants", Grant.objects.select_related("role", "team").order_by("pk"))
FAILURES = (
    actions.NotAllowed,
    actions.LastOwner,
    actions.OwnerEverywhere,
    actions.InvitationGone,
    actions.RoleGone,
)


class StillOpen(Exception):
    """These people have an invitation already that they may still accept; its text is their addresses."""


def _staff(user: User) -> QuerySet[User]:
    """Everybody who works or worked at the desk, also those whose account is closed."""
    works = Grant.objects.filter(user=OuterRef("pk"), role__permissions__contains=[permissions.DESK])
    return visible_people(user).filter(Exists(works))


@require_safe
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def people(request: Request) -> HttpResponse:
    form = PeopleForm(request.GET)
    form.is_valid()  # what makes no sense narrows nothing
    role, state = (str(form.cleaned_data.get(name, "")) for name in ("role", "state"))
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    rows = _called(visible_people(request.user), words) if words else _staff(request.user)
    if role:
        having = Exists(Grant.objects.filter(user=OuterRef("pk"), role__slug=role))
        rows = (rows if words else visible_people(request.user)).filter(having, merged_into=None)
    if state:
        rows = rows.filter(is_active=state == "active")
    found = list(rows.order_by("-is_active", "name", "pk").prefetch_related(GRANTS)[: SHOWN + 1])
    context = {
        "people": found[:SHOWN],
        "more": len(found) > SHOWN,
        "shown": SHOWN,
        "words": words,
        "form": form,
        "narrowed": bool(words or role or state),
    }
    return show(request, "people.html", context)


def _called(rows: QuerySet[User], words: str) -> QuerySet[User]:
    """Those with `words` in their name or address, closed accounts too."""
    addressed = Exists(Identity.objects.filter(user=OuterRef("pk"), key__icontains=words))
    return rows.filter(merged_into=None).filter(Q(name__icontains=words) | Q(addressed))


@require_safe
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def person(request: Request, pk: int) -> HttpResponse:
    """Who was merged leads on to the one he is part of."""
    somebody = somebody_of(request, pk)
    if somebody.merged_into_id is not None:
        return redirect("setup:person", pk=final(somebody).pk)
    return _person_page(request, somebody, RoleForm(by=request.user))


def somebody_of(request: Request, pk: int) -> User:
    rows = visible_people(request.user).select_related("organization").prefetch_related(GRANTS)
    return get_object_or_404(rows, pk=pk)


def _person_page(request: Request, somebody: User, form: RoleForm, status: int = 200) -> HttpResponse:
    mine = rights_of(request.user)
    context = {
        "person": somebody,
        "identities": somebody.identities.order_by("kind", "-primary", "pk"),
        "form": form,
        "may_touch": somebody.anonymised_at is None
        and somebody.merged_into_id is None
        and mine.has(permissions.PEOPLE_INVITE)
        and not outranked(request.user, somebody),
        "may_anonymise": may_anonymise(request.user, somebody),
        "may_view_as": may_view_as(request.user, somebody),
        "factor": second_factor.shown(somebody, request.user),
        "revocable": {
            grant.pk
            for grant in somebody.grants.all()
            if mine.has(permissions.PEOPLE_INVITE) and not beyond(request.user, grant.role, grant.team)
        },
    }
    return show(request, "person.html", context | account_of(request, somebody), status=status)


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def grants(request: Request, pk: int) -> HttpResponse:
    """Give a role."""
    somebody = somebody_of(request, pk)
    form = RoleForm(request.POST, by=request.user)
    if not form.is_valid():
        return _person_page(request, somebody, form, status=422)
    try:
        actions.grant(somebody, form.cleaned_data["role"], team=form.cleaned_data["team"], by=request.user)
    except FAILURES as error:
        form.add_error(None, refusal(error))
        return _person_page(request, somebody_of(request, pk), form, status=status_of(error))
    messages.success(request, _("%(name)s has the role now.") % {"name": somebody.display_name})
    return redirect("setup:person", pk=pk)


@require_POST
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def grant_removal(request: Request, pk: int, grant_pk: int) -> HttpResponse:
    somebody = somebody_of(request, pk)
    row = Grant.objects.select_related("role", "user").filter(user=somebody, pk=grant_pk).first()
    if row is not None:  # a second click finds it gone
        attempt(request, lambda: actions.revoke(row, by=request.user), _("The role is taken back."))
    return redirect("setup:person", pk=pk)


def attempt(request: Request, act: Any, done: str) -> None:
    try:
        act()
    except FAILURES as error:
        messages.error(request, refusal(error))
    else:
        messages.success(request, done)


def status_of(error: Exception) -> int:
    """Of the page that says `refusal`: 409 when somebody else was first."""
    return 409 if isinstance(error, actions.RoleGone) else 422


def refusal(error: Exception) -> str:
    if isinstance(error, actions.RoleGone):
        return _("The role or the team was removed a moment ago. Choose another one.")
    if isinstance(error, actions.InvitationGone):
        return _("This invitation was accepted or withdrawn meanwhile.")
    if isinstance(error, actions.LastOwner):
        return _("A desk keeps at least one owner. Make somebody else an owner first.")
    if isinstance(error, actions.OwnerEverywhere):
        return _("An owner owns the whole desk. Leave the team empty.")
    if str(error) == permissions.OWN:
        return _("This person runs more of the desk than you. Ask an owner.")
    return _("You may not hand out or take back this role.")


# --- members of a team --------------------------------------------------------------------------


@require_POST
@permitted(permissions.TEAMS, permissions.SETUP)
def team_members(request: Request, pk: int) -> HttpResponse:
    """Give somebody a role in the team."""
    team = get_object_or_404(Team, pk=pk)
    form = MemberForm(request.POST, by=request.user)
    if form.is_valid():
        somebody = form.cleaned_data["person"]
        try:
            actions.grant(somebody, form.cleaned_data["role"], team=team, by=request.user)
        except FAILURES as error:
            form.add_error(None, refusal(error))
        else:
            messages.success(request, _("%(name)s works in this team now.") % {"name": somebody.display_name})
            return redirect("setup:team", pk=pk)
    shape = SHAPES["team"]
    team = get_object_or_404(Team, pk=pk)
    return shape_page(request, shape, team, shape.form(row=team), member_form=form)


@require_POST
@permitted(permissions.TEAMS, permissions.SETUP)
def team_leaving(request: Request, pk: int, grant_pk: int) -> HttpResponse:
    row = Grant.objects.select_related("role", "user").filter(team=pk, pk=grant_pk).first()
    if row is not None:  # a second click finds it gone
        attempt(request, lambda: actions.revoke(row, by=request.user), _("The role is taken back."))
    return redirect("setup:team", pk=pk)


# --- invitations --------------------------------------------------------------------------------


@require_safe
@permitted(permissions.SETUP, permissions.PEOPLE_INVITE)
def invitations(request: Request) -> HttpResponse:
    rows = Invitation.objects.select_related("role", "team", "invited_by", "accepted_by")
    context = {"page": page(rows, request), "state_of": _state}
    return show(request, "invitations.html", context)


def _state(invitation: Invitation) -> str:
    if invitation.accepted_at:
        return "accepted"
    if invitation.withdrawn_at:
        return "withdrawn"
    return "expired" if invitation.expires_at < timezone.now() else "open"


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.PEOPLE_INVITE)
def invite(request: Request) -> HttpResponse:
    form = InvitationForm(request.POST or None, by=request.user)
    status = 422 if form.is_bound else 200
    try:
        if request.method == "POST" and (answer := _invite(request, form)):
            return answer
    except FAILURES as error:
        form.add_error("role", refusal(error))
        status = status_of(error)
    return show(request, "invite.html", {"form": form}, status=status)


def _invite(request: Request, form: InvitationForm) -> HttpResponse | None:
    """The answer to an accepted form; None when it has to be shown again. Raises FAILURES."""
    if not form.is_valid():
        return None
    values = form.cleaned_data
    addresses = [email for _name, email in values["people"]]
    try:
        if not saved_once(request, "invite", form, lambda: _send(values, request.user)):
            return None
    except StillOpen as error:
        said = _("An invitation is still open: %(addresses)s. Send it again from the list or leave it out.")
        form.add_error("people", said % {"addresses": str(error)})
        return None
    done = ngettext(
        "The invitation to %(address)s is on its way.",
        "%(count)s invitations are on their way.",
        len(addresses),
    ) % {"address": addresses[0], "count": len(addresses)}
    messages.success(request, done)
    return accepted(redirect("setup:invitations"), request)


def _send(values: dict[str, Any], by: User) -> list[int]:
    role, team = values["role"], values["team"]
    if waiting := _open_invitations([email for _name, email in values["people"]]):
        raise StillOpen(", ".join(sorted(waiting)))
    return [
        actions.invite(email, name=name, role=role, team=team, by=by).pk for name, email in values["people"]
    ]


def _open_invitations(addresses: list[str]) -> set[str]:
    """Those of `addresses` that have an invitation they may still accept."""
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())
    known = waiting.annotate(key=Lower("email")).filter(key__in=[each.lower() for each in addresses])
    return set(known.values_list("email", flat=True))


@require_POST
@permitted(permissions.PEOPLE_INVITE)
def invitation_again(request: Request, pk: int) -> HttpResponse:
    """Send the same link once more; it works for another week."""
    invitation = get_object_or_404(Invitation, pk=pk)
    done = _("The invitation to %(email)s is on its way again.") % {"email": invitation.email}
    attempt(
        request,
        lambda: done_once(
            request, f"again.{pk}", lambda: actions.send_invitation_again(invitation, by=request.user)
        ),
        done,
    )
    return accepted(redirect("setup:invitations"), request)


@require_POST
@permitted(permissions.PEOPLE_INVITE)
def invitation_removal(request: Request, pk: int) -> HttpResponse:
    """Withdraw it: its link no longer works."""
    invitation = get_object_or_404(Invitation, pk=pk)
    done = _("The invitation to %(email)s is withdrawn.") % {"email": invitation.email}
    attempt(request, lambda: actions.withdraw_invitation(invitation, by=request.user), done)
    return redirect("setup:invitations")
