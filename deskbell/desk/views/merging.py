"""Two tickets become one; messages of a second matter go to another ticket."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.desk.access import desk, person, ticket_of
from deskbell.desk.pages import done, once_per_form, page
from deskbell.kit.once import accepted
from deskbell.search.queries import number_of, search
from deskbell.tickets import actions, queries, rules
from deskbell.tickets.actions.merging import preview
from deskbell.tickets.guard import Gone
from deskbell.tickets.models import Attachment, Message, Ticket
from deskbell.tickets.pointers import final
from deskbell.tickets.posting import UploadsField
from deskbell.tickets.refusals import NOT_MERGEABLE, NOT_MOVABLE

OFFERED = 12
MESSAGES_OFFERED = 200


class MergeForm(forms.Form):
    into = forms.IntegerField(min_value=1, max_value=2**63 - 1)
    share = forms.BooleanField(required=False)


class MoveForm(forms.Form):
    """`to` is the number of a ticket, `subject` of a new one: the one that `where` asks for is needed."""

    use_required_attribute = False
    messages = UploadsField(required=False)
    to = forms.CharField(required=False, max_length=20, label=gettext_lazy("Number of the ticket"))
    where = forms.ChoiceField(choices=[("new", ""), ("other", "")], required=False)
    subject = forms.CharField(required=False, max_length=255, label=gettext_lazy("Subject"))


# --- merging ------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@desk
def merge(request: HttpRequest, number: int) -> HttpResponse:
    """Choose the other ticket (`?q=`), see what will happen (`?into=`), do it."""
    user, ticket = person(request), ticket_of(request, number)
    rules.require(user, "merge", ticket)
    if request.method == "GET":
        return _draw_merge(request, ticket, _named(request, request.GET.get("into", "")))
    form = MergeForm(request.POST)
    if not form.is_valid():
        return _draw_merge(request, ticket, None, problem=_("Choose a ticket."), status=422)
    into = ticket_of(request, form.cleaned_data["into"])
    try:
        whole = actions.merge(ticket, into, by=user, share=form.cleaned_data["share"])
    except actions.NotMergeable as error:
        return _draw_merge(request, ticket, into, problem=str(NOT_MERGEABLE[error.reason]), status=422)
    text = _("#%(old)s is part of this ticket now. To undo it, open #%(old)s.")
    notices.success(request, text % {"old": ticket.number})
    return accepted(redirect(whole), request)


@require_POST
@desk
def unmerge(request: HttpRequest, number: int) -> HttpResponse:
    ticket = ticket_of(request, number)
    try:
        actions.unmerge(ticket, by=person(request))
    except actions.NotMergeable as error:
        notices.error(request, str(NOT_MERGEABLE[error.reason]))
    except actions.TooLateToUndo:
        notices.error(request, _("A merge can be undone for seven days. Split the messages off instead."))
    else:
        notices.success(request, _("The ticket stands for itself again."))
    return done(request, ticket)


def _named(request: HttpRequest, given: str) -> Ticket | None:
    number = number_of(given)
    return ticket_of(request, number) if number else None


def _draw_merge(
    request: HttpRequest, ticket: Ticket, into: Ticket | None, *, problem: str = "", status: int = 200
) -> HttpResponse:
    user, words = person(request), request.GET.get("q", "").replace("\0", "").strip()[:200]
    into = final(into) if into is not None else None
    if into is not None and not rules.may(user, "merge", into):
        into, problem = None, _("You may not change that ticket.")
    if into is not None and into.pk == ticket.pk:
        into, problem = None, problem or str(NOT_MERGEABLE["same"])
    context: dict[str, Any] = {"ticket": ticket, "into": into, "said": words, "problem": problem}
    if into is not None:
        context["look"] = preview(ticket, into)
        context["files"] = Attachment.objects.filter(message__ticket=ticket).count()
    elif ticket.merged_into_id is None:
        context["found"] = _found(request, ticket, words)
    return page(request, "desk/merge.html", context, status=status)


def _found(request: HttpRequest, ticket: Ticket, words: str) -> list[Ticket]:
    """What may be meant by `words`; without any, the newest of the same customer."""
    user = person(request)
    if words:
        rows = [hit.ticket for hit in search(user, words, limit=OFFERED * 2)]
    else:
        his = Ticket.objects.visible_to(user).filter(requester=ticket.requester_id, spam=False)
        rows = list(his.filter(merged_into=None).with_row().order_by("-updated_at", "-pk")[: OFFERED + 1])
    offered = (
        each
        for each in rows
        if each.pk != ticket.pk and each.merged_into_id is None and not each.spam
        if rules.may(user, "merge", each)
    )
    return list(offered)[:OFFERED]


# --- splitting and moving -----------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
@desk
def move(request: HttpRequest, number: int) -> HttpResponse:
    """Choose messages (`?from=` that one and all later ones, `?message=` that one), and where they go."""
    user, ticket = person(request), ticket_of(request, number)
    rules.require(user, "merge", ticket)
    if ticket.merged_into_id is not None:
        return redirect(ticket)
    if request.method == "GET":
        return _draw_move(request, ticket, MoveForm(initial=_initial(request, ticket)))
    form = MoveForm(request.POST)
    if form.is_valid():
        try:
            at = _moved(request, ticket, form)
        except actions.NotMovable as error:
            form.add_error(None, str(NOT_MOVABLE[error.reason]))
        except actions.TicketMerged:
            form.add_error(None, str(NOT_MOVABLE["merged"]))
        else:
            if at is not None:
                text = _("The messages stand here now; they came from #%(old)s.")
                notices.success(request, text % {"old": ticket.number})
                return accepted(redirect("desk:ticket", at), request)
    return _draw_move(request, ticket, form, status=422)


def _initial(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    rows = Message.objects.filter(ticket=ticket)
    first, one = number_of(request.GET.get("from", "")), number_of(request.GET.get("message", ""))
    chosen = rows.filter(pk__gte=first) if first else rows.filter(pk=one or 0)
    chosen = chosen.order_by("pk")
    named = chosen.first()
    line = " ".join((named.new_text or named.text).split()) if named else ""
    subject = line if len(line) <= 60 else line[:60].rsplit(" ", 1)[0] + " …"
    return {"messages": list(chosen.values_list("pk", flat=True)), "where": "new", "subject": subject}


def _moved(request: HttpRequest, ticket: Ticket, form: MoveForm) -> int | None:
    """The number of the ticket in which they stand now; None when the form names none."""
    user, given = person(request), form.cleaned_data
    if given["where"] != "other":
        if not given["subject"].strip():
            form.add_error("subject", _("Say in a few words what the new ticket is about."))
            return None

        def act() -> int:
            return actions.split(ticket, given["messages"], subject=given["subject"], by=user).number

        content = [ticket.pk, sorted(given["messages"]), given["subject"]]
        return int(once_per_form(request, f"desk.split:{user.pk}", content, act))
    number = number_of(given["to"])
    try:
        to = ticket_of(request, number) if number else None
    except Gone:
        to = None
    if to is None:
        form.add_error("to", _("Choose a ticket, or write the number of one you may see."))
        return None

    def carry() -> int:
        return actions.move_messages(ticket, given["messages"], to, by=user).number

    content = [ticket.pk, sorted(given["messages"]), to.pk]
    return int(once_per_form(request, f"desk.move:{user.pk}", content, carry))


def _draw_move(request: HttpRequest, ticket: Ticket, form: MoveForm, *, status: int = 200) -> HttpResponse:
    user = person(request)
    form.fields["subject"].required = form.fields["to"].required = True  # as it is shown
    chosen = {int(pk) for pk in form["messages"].value() or [] if str(pk).isdecimal() and len(str(pk)) < 19}
    rows = Message.objects.filter(ticket=ticket).select_related("author").order_by("-pk")
    listed = list(rows[:MESSAGES_OFFERED])
    listed += rows.filter(pk__in=chosen - {each.pk for each in listed})
    his = Ticket.objects.visible_to(user).filter(requester=ticket.requester_id, spam=False, merged_into=None)
    others = his.exclude(pk=ticket.pk).with_row().order_by("-updated_at", "-pk")[:OFFERED]
    context = {
        "ticket": ticket,
        "form": form,
        "listed": listed[::-1],
        "chosen": chosen,
        "files": queries.files_of(listed),
        "others": [each for each in others if rules.may(user, "merge", each)],
        "where": form["where"].value() or "new",
        "to": str(form["to"].value() or ""),
        "more": len(listed) >= MESSAGES_OFFERED,
    }
    return page(request, "desk/move.html", context, status=status)
