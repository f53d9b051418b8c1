"""Saved replies: the pages that keep them, and what the composer fetches of them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deskbell.desk.access import desk, person, ticket_of
from deskbell.desk.forms import SavedReplyForm
from deskbell.desk.pages import page
from deskbell.events.once import digest, once
from deskbell.kit.once import accepted, key_of
from deskbell.tickets import actions, replies
from deskbell.tickets.models import SavedReply
from deskbell.tickets.rules import NotAllowed
from deskbell.tickets.variables import VARIABLES, fill_in


@require_GET
@desk
def kept(request: HttpRequest) -> HttpResponse:
    """All that one may use: one's own, then each team's, then everyone's."""
    user = person(request)
    found = SavedReply.objects.visible_to(user).select_related("team").order_by("name", "pk")
    groups: dict[tuple[int, str], list[SavedReply]] = {}
    for reply in found:
        groups.setdefault(_group(reply), []).append(reply)
    teams = {team.pk for team in replies.teams_kept(user)}
    context = {
        "groups": sorted(groups.items()),
        "editable": {
            reply.pk
            for reply in found
            if reply.team_id in teams or replies.may_keep(user, owner=reply.owner, team=None)
        },
    }
    return page(request, "desk/replies.html", context)


def _group(reply: SavedReply) -> tuple[int, str]:
    if reply.owner_id:
        return 0, _("Only me")
    return (1, reply.team.name) if reply.team else (2, _("Everyone"))


@require_http_methods(["GET", "POST"])
@desk
def new(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if request.method == "GET":
        return _draw(request, SavedReplyForm(user, initial={"scope": "personal"}))
    form = SavedReplyForm(user, request.POST)
    if form.is_valid():

        def act() -> int:
            return actions.add_saved_reply(by=user, **form.values).pk

        key = key_of(request)
        content = [form.cleaned_data[name] for name in sorted(form.cleaned_data)]
        try:
            if key:
                once(f"desk.saved_reply:{user.pk}", f"{key}:{digest(content)[:32]}", content, act)
            else:
                act()
        except (actions.UnknownVariable, actions.NameTaken) as error:
            form.refuse(error)
        else:
            messages.success(request, _("The reply is saved."))
            return accepted(redirect("desk:replies"), request)
    return _draw(request, form, status=422)


@require_http_methods(["GET", "POST"])
@desk
def reply(request: HttpRequest, pk: int) -> HttpResponse:
    """Change one."""
    user, found = person(request), _editable(request, pk)
    if request.method == "GET":
        return _draw(request, SavedReplyForm(user, initial=SavedReplyForm.initial_of(found)), reply=found)
    form = SavedReplyForm(user, request.POST)
    if form.is_valid():
        try:
            actions.change_saved_reply(found, by=user, **form.values)
        except (actions.UnknownVariable, actions.NameTaken) as error:
            form.refuse(error)
        else:
            messages.success(request, _("The reply is saved."))
            return accepted(redirect("desk:replies"), request)
    return _draw(request, form, reply=found, status=422)


@require_POST
@desk
def removal(request: HttpRequest, pk: int) -> HttpResponse:
    found = SavedReply.objects.visible_to(person(request)).filter(pk=pk).first()
    if found is not None:  # a second click finds it gone
        actions.remove_saved_reply(found, by=person(request))
        messages.success(request, _("The reply is removed."))
    return redirect("desk:replies")


def _found(request: HttpRequest, pk: int) -> SavedReply:
    rows = SavedReply.objects.visible_to(person(request)).select_related("owner", "team")
    found = rows.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _editable(request: HttpRequest, pk: int) -> SavedReply:
    found = _found(request, pk)
    if not replies.may_keep(person(request), owner=found.owner, team=found.team):
        raise NotAllowed("keep_reply")
    return found


def _draw(request: HttpRequest, form: SavedReplyForm, **given: Any) -> HttpResponse:
    status = given.pop("status", 200)
    variables = [(f"{{{{{name}}}}}", words) for name, (words, _value) in VARIABLES.items()]
    context = {"form": form, "reply": None, "variables": variables, **given}
    return page(request, "desk/reply.html", context, status=status)


# --- in the composer ----------------------------------------------------------------------------


@require_GET
@desk
def offered(request: HttpRequest, number: int) -> HttpResponse:
    """The replies that match what was typed, filled in for the ticket."""
    user, ticket = person(request), ticket_of(request, number)
    words = request.GET.get("q", "").replace("\0", "").strip()[:100]
    found = [(each, fill_in(each.text, ticket, user)) for each in replies.offered(user, words)]
    return page(request, "desk/_replies.html", {"ticket": ticket, "found": found, "typed": words})


@require_POST
@desk
def use(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """The words to insert, and what "Send" should do then."""
    user, ticket, found = person(request), ticket_of(request, number), _found(request, pk)
    actions.count_use(found)
    return JsonResponse({"text": fill_in(found.text, ticket, user), "then": found.then})
