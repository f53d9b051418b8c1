"""One change for all tickets that were selected in a list: begun, watched, taken back."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from deskbell.desk.access import Gone, desk, person
from deskbell.desk.forms import BulkForm
from deskbell.desk.pages import is_part, page
from deskbell.events.once import digest, once
from deskbell.kit.once import accepted, key_of
from deskbell.tickets import actions
from deskbell.tickets.models import BulkChange, BulkItem, Ticket

State, Reason = BulkItem.State, BulkItem.Reason
WHAT = {
    BulkChange.Verb.ASSIGN: gettext_lazy("Assignee"),
    BulkChange.Verb.STATUS: gettext_lazy("Status"),
    BulkChange.Verb.PRIORITY: gettext_lazy("Priority"),
    BulkChange.Verb.TAG: gettext_lazy("Tag"),
    BulkChange.Verb.SPAM: gettext_lazy("Spam"),
    BulkChange.Verb.NO_SPAM: gettext_lazy("No spam"),
    BulkChange.Verb.TRASH: gettext_lazy("Trash"),
    BulkChange.Verb.RESTORE: gettext_lazy("Restored from the trash"),
    BulkChange.Verb.HAND_OVER: gettext_lazy("Handed over to a team"),
}
WHY = {
    Reason.NOT_ALLOWED: gettext_lazy("You may not do this there."),
    Reason.BAD_MOVE: gettext_lazy("A ticket cannot become new again."),
    Reason.NOT_STAFF: gettext_lazy("This person cannot take tickets."),
    Reason.CHANGED_SINCE: gettext_lazy("Somebody has changed it since."),
    Reason.FAILED: gettext_lazy("Something went wrong. Try it on the ticket itself."),
}


@require_POST
@desk
def begin(request: HttpRequest) -> HttpResponse:
    """Change the selected tickets; however often the form is sent, once."""
    user, form = person(request), BulkForm(request.POST)
    if not form.is_valid():
        sentence = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return _refused(request, sentence)
    given = form.cleaned_data
    tickets = list(Ticket.objects.visible_to(user, trashed=True).filter(number__in=given["tickets"]))
    if not tickets:
        raise Gone

    def act() -> int:
        return actions.start_bulk(tickets, given["verb"], given["value"], by=user).pk

    key, content = key_of(request), [given["tickets"], given["verb"], given["value"]]
    scope = f"desk.bulk:{user.pk}"
    pk = once(scope, f"{key}:{digest(content)[:32]}", content, act)[0] if key else act()
    return accepted(_answer(request, pk, begun=True), request)


@require_GET
@desk
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is, and in the end what became of each ticket."""
    return _show(request, _own(request, pk))


@require_POST
@desk
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    bulk = _own(request, pk)
    try:
        actions.undo_bulk(bulk, by=person(request))
    except actions.TooLateToUndo:
        return _refused(request, _("That was more than ten minutes ago and stays as it is."))
    return _answer(request, pk)


def _own(request: HttpRequest, pk: int) -> BulkChange:
    bulk = BulkChange.objects.visible_to(person(request)).filter(pk=pk).first()
    if bulk is None:
        raise Http404
    return bulk


def _answer(request: HttpRequest, pk: int, *, begun: bool = False) -> HttpResponse:
    if is_part(request):
        return _show(request, _own(request, pk), begun=begun)
    return redirect("desk:bulk", pk)


def _refused(request: HttpRequest, sentence: str) -> HttpResponse:
    if is_part(request):
        return page(request, "desk/_bulk_refused.html", {"sentence": sentence}, status=422)
    messages.error(request, sentence)
    return redirect("desk:list")


def _show(request: HttpRequest, bulk: BulkChange, *, begun: bool = False) -> HttpResponse:
    """`begun` gives the form of the list a new key: the same change may be asked for again."""
    counted = Counter(bulk.items.values_list("state", "reason"))
    whole, left = _progress(bulk, counted)
    context: dict[str, Any] = {
        "bulk": bulk,
        "begun": begun,
        "whole": whole,
        "done": whole - left,
        "lines": [] if bulk.working else result(bulk, counted),
        "undoable": bulk.can_be_undone(timezone.now()) and _number(counted, State.CHANGED) > 0,
        "complete": not any(state in {State.REFUSED, State.KEPT} for state, _reason in counted),
    }
    if is_part(request):
        return page(request, "desk/_bulk.html", context)
    problems = bulk.items.filter(state__in=[State.REFUSED, State.KEPT]).select_related("ticket")
    seen = Ticket.objects.visible_to(person(request), trashed=True)
    context["items"] = problems.filter(ticket__in=seen).order_by("pk")
    context["reasons"] = WHY
    context["what"] = WHAT[BulkChange.Verb(bulk.verb)]
    return page(request, "desk/bulk.html", context)


def _progress(bulk: BulkChange, counted: Counter[tuple[str, str]]) -> tuple[int, int]:
    """How many tickets there are to do, and how many of them are left."""
    if bulk.state in {BulkChange.State.RUNNING, BulkChange.State.DONE}:
        return counted.total(), _number(counted, State.WAITING)
    taken_back = _number(counted, State.UNDONE) + _number(counted, State.KEPT)
    return taken_back + _number(counted, State.CHANGED), _number(counted, State.CHANGED)


def _number(counted: Counter[tuple[str, str]], state: str) -> int:
    return sum(number for (each, _reason), number in counted.items() if each == state)


def result(bulk: BulkChange, counted: Counter[tuple[str, str]]) -> list[str]:
    """What became of it, a sentence for each kind of end."""
    undone = bulk.state == BulkChange.State.UNDONE
    number = _number(counted, State.UNDONE if undone else State.CHANGED)
    if undone:
        said = ngettext("%(num)d is as it was before.", "%(num)d are as they were before.", number)
    else:
        said = ngettext("%(num)d changed.", "%(num)d changed.", number)
    lines = [said % {"num": number}] if number else []
    same = _number(counted, State.SAME)
    if same and not undone:
        lines.append(ngettext("%(num)d was so already.", "%(num)d were so already.", same) % {"num": same})
    left = State.KEPT if undone else State.REFUSED
    lines += [_sentence(reason, many) for (state, reason), many in sorted(counted.items()) if state == left]
    return lines or [_("Nothing was changed.")]


def _sentence(reason: str, number: int) -> str:
    """Why `number` tickets were left as they are."""
    sentences = {
        Reason.NOT_ALLOWED: ngettext(
            "%(num)d not: you may not do this there.", "%(num)d not: you may not do this there.", number
        ),
        Reason.BAD_MOVE: ngettext(
            "%(num)d not: a ticket cannot become new again.",
            "%(num)d not: a ticket cannot become new again.",
            number,
        ),
        Reason.NOT_STAFF: ngettext(
            "%(num)d not: this person cannot take tickets.",
            "%(num)d not: this person cannot take tickets.",
            number,
        ),
        Reason.CHANGED_SINCE: ngettext(
            "%(num)d left alone: somebody has changed it since.",
            "%(num)d left alone: somebody has changed them since.",
            number,
        ),
        Reason.FAILED: ngettext(
            "%(num)d not: something went wrong. Try it on the ticket itself.",
            "%(num)d not: something went wrong. Try it on the tickets themselves.",
            number,
        ),
    }
    return sentences[Reason(reason)] % {"num": number}
