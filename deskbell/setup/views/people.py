"""Staff, their roles, and invitations."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.events.once import KeyReused, once
from deskbell.kit.once import accepted, key_of, new_key
from deskbell.people import actions, permissions
from deskbell.people.models import Grant, Invitation, User
from deskbell.people.queries import find_people, visible_people
from deskbell.people.rights import rights_of
from deskbell.setup.access import Request, permitted
from deskbell.setup.forms import InvitationForm, RoleForm, roles_to_hand_out
from deskbell.setup.pages import show
from deskbell.setup.paging import page

#: more than that many people are found by their name
SHOWN = 200
GRANTS = Prefetch("grants", Grant.objects.select_related("role", "team").order_by("pk"))
FAILURES = (actions.NotAllowed, actions.LastOwner)


class StillOpen(Exception):
    """Somebody has an invitation already that he may still accept."""


def _staff(user: User) -> QuerySet[User]:
    """Everybody who works or worked at the desk, also those whose account is closed."""
    works = Grant.objects.filter(user=OuterRef("pk"), role__permissions__contains=[permissions.DESK])
    return visible_people(user).filter(Exists(works)).order_by("-is_active", "name", "pk")


@require_safe
@permitted(permissions.SETUP)
def people(request: Request) -> HttpResponse:
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    rows = find_people(request.user, words, limit=SHOWN + 1) if words else _staff(request.user)[: SHOWN + 1]
    found = list(rows.prefetch_related(GRANTS))
    context = {"people": found[:SHOWN], "more": len(found) > SHOWN, "shown": SHOWN, "words": words}
    return show(request, "people.html", context)


@require_safe
@permitted(permissions.SETUP)
def person(request: Request, pk: int) -> HttpResponse:
    return _person_page(request, _somebody(request, pk), RoleForm(by=request.user))


def _somebody(request: Request, pk: int) -> User:
    rows = visible_people(request.user).select_related("organization").prefetch_related(GRANTS)
    return get_object_or_404(rows, pk=pk)


def _person_page(request: Request, somebody: User, form: RoleForm, status: int = 200) -> HttpResponse:
    mine = rights_of(request.user)
    context = {
        "person": somebody,
        "identities": somebody.identities.order_by("kind", "-primary", "pk"),
        "form": form,
        "may_touch": mine.has(permissions.PEOPLE_INVITE)
        and (mine.has(permissions.OWN) or not rights_of(somebody).has(permissions.OWN)),
        "revocable": {role.pk for role in roles_to_hand_out(request.user)},
    }
    return show(request, "person.html", context, status=status)


@require_POST
@permitted(permissions.SETUP)
def grants(request: Request, pk: int) -> HttpResponse:
    """Give a role."""
    somebody = _somebody(request, pk)
    form = RoleForm(request.POST, by=request.user)
    if not form.is_valid():
        return _person_page(request, somebody, form, status=422)
    try:
        actions.grant(somebody, form.cleaned_data["role"], team=form.cleaned_data["team"], by=request.user)
    except FAILURES as error:
        form.add_error(None, _refusal(error))
        return _person_page(request, somebody, form, status=422)
    messages.success(request, _("%(name)s has the role now.") % {"name": somebody.display_name})
    return redirect("setup:person", pk=pk)


@require_POST
@permitted(permissions.SETUP)
def grant_removal(request: Request, pk: int, grant_pk: int) -> HttpResponse:
    somebody = _somebody(request, pk)
    row = Grant.objects.select_related("role", "user").filter(user=somebody, pk=grant_pk).first()
    if row is not None:  # a second click finds it gone
        _try(request, lambda: actions.revoke(row, by=request.user), _("The role is taken back."))
    return redirect("setup:person", pk=pk)


@require_POST
@permitted(permissions.SETUP)
def deactivation(request: Request, pk: int) -> HttpResponse:
    somebody = _somebody(request, pk)
    done = _("%(name)s can no longer sign in.") % {"name": somebody.display_name}
    _try(request, lambda: actions.deactivate(somebody, by=request.user), done)
    return redirect("setup:person", pk=pk)


@require_POST
@permitted(permissions.SETUP)
def reactivation(request: Request, pk: int) -> HttpResponse:
    somebody = _somebody(request, pk)
    done = _("%(name)s can sign in again.") % {"name": somebody.display_name}
    _try(request, lambda: actions.reactivate(somebody, by=request.user), done)
    return redirect("setup:person", pk=pk)


def _try(request: Request, act: Any, done: str) -> None:
    try:
        act()
    except FAILURES as error:
        messages.error(request, _refusal(error))
    else:
        messages.success(request, done)


def _refusal(error: Exception) -> str:
    if isinstance(error, actions.LastOwner):
        return _("A desk keeps at least one owner. Make somebody else an owner first.")
    if str(error) == permissions.OWN:
        return _("Only an owner may change owners.")
    return _("You may not hand out or take back this role.")


# --- invitations --------------------------------------------------------------------------------


@require_safe
@permitted(permissions.SETUP)
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
    if request.method == "POST" and (answer := _invite(request, form)):
        return answer
    return show(request, "invite.html", {"form": form}, status=422 if form.is_bound else 200)


def _invite(request: Request, form: InvitationForm) -> HttpResponse | None:
    """The answer to an accepted form; None when it has to be shown again."""
    if not form.is_valid():
        return None
    values = form.cleaned_data
    content = {name: str(value) for name, value in values.items()}
    key = key_of(request) or new_key()
    try:
        once(f"setup.invite:{request.user.pk}", key, content, lambda: _send(values, request.user))
    except StillOpen:
        form.add_error(
            "email", _("An invitation to this address is still open. Withdraw it first to send another.")
        )
    except KeyReused:
        form.add_error(None, _("This form was sent before with other words. Send it again if you mean both."))
    except FAILURES as error:
        form.add_error("role", _refusal(error))
    else:
        done = _("The invitation to %(email)s is on its way.") % {"email": values["email"]}
        messages.success(request, done)
        return accepted(redirect("setup:invitations"), request)
    return None


def _send(values: dict[str, Any], by: User) -> int:
    if _open_invitations().filter(email__iexact=values["email"]).exists():
        raise StillOpen
    return actions.invite(**values, by=by).pk


def _open_invitations() -> QuerySet[Invitation]:
    return Invitation.objects.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=timezone.now())


@require_POST
@permitted(permissions.PEOPLE_INVITE)
def invitation_removal(request: Request, pk: int) -> HttpResponse:
    """Withdraw it: its link no longer works."""
    invitation = get_object_or_404(Invitation, pk=pk)
    done = _("The invitation to %(email)s is withdrawn.") % {"email": invitation.email}
    _try(request, lambda: actions.withdraw_invitation(invitation, by=request.user), done)
    return redirect("setup:invitations")
