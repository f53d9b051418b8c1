"""A customer's tickets: list, new, page, reply, close, reopen."""

from __future__ import annotations

from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.channels.actions.references import may_chat
from deskbell.kit.once import accepted
from deskbell.people.queries import colleagues, name_for
from deskbell.people.rights import rights_of
from deskbell.portal.access import Request, signed_in
from deskbell.portal.forms import LONGEST, CopyForm, ReplyForm, TicketForm
from deskbell.portal.words import MEANING, QUEUES, STATUS
from deskbell.search.queries import search
from deskbell.tickets import actions, events, listing, queries, serving
from deskbell.tickets.content import Content
from deskbell.tickets.models import Source, Ticket
from deskbell.tickets.pointers import final
from deskbell.tickets.posting import Posting, Refused
from deskbell.tickets.reach import any_of, customer_arms
from deskbell.tickets.rules import may, may_open

STATES = ("open", "ended")
#: finds of a search; more words narrow it
SHOWN = 50
#: events between messages that a customer is told; the status is told by its own words
TOLD = {events.SubjectChanged.kind, events.CopyAdded.kind, events.CopyRemoved.kind}


# --- list -----------------------------------------------------------------------------------------


@require_safe
@signed_in
def tickets(request: Request) -> HttpResponse:
    """One's own tickets and those one is copied in; `?who=organization` for a customer manager."""
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    manages = bool(rights_of(request.user).whole_organization and request.user.organization_id)
    everybody = manages and request.GET.get("who") == "organization"
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    if words:
        return _found(request, words, manages, everybody)
    try:
        page = listing.portal_page(
            request.user,
            state=state,
            whole_organization=everybody,
            cursor=request.GET.get("cursor") or None,
        )
    except listing.BadCursor:
        return redirect(_list_address(state, everybody))
    context = {
        "page": page,
        "state": state,
        "words": "",
        "manages": manages,
        "everybody": everybody,
        "address": _list_address,
        "status": STATUS,
        "chats": may_chat(),
    }
    return render(request, "portal/_list.html" if request.htmx else "portal/tickets.html", context)


def _found(request: Request, words: str, manages: bool, everybody: bool) -> HttpResponse:
    """The tickets in which the words stand, open and ended, among those he may see."""
    hits = search(request.user, words, limit=SHOWN, staff=False, whole_organization=everybody)
    context = {
        "hits": hits,
        "state": "",
        "words": words,
        "manages": manages,
        "everybody": everybody,
        "address": _list_address,
        "status": STATUS,
        "chats": may_chat(),
    }
    return render(request, "portal/tickets.html", context)


def _list_address(state: str, everybody: bool = False, cursor: str = "") -> str:
    query = [f"state={state}"] if state != "open" else []
    query += ["who=organization"] if everybody else []
    query += [f"cursor={cursor}"] if cursor else []
    return reverse("portal:tickets") + (f"?{'&'.join(query)}" if query else "")


# --- new ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def new(request: Request) -> HttpResponse:
    if not may_open(request.user):
        messages.error(request, _("You may look at tickets, not open any."))
        return redirect("portal:tickets")
    if request.method != "POST":
        return _new_page(request, TicketForm())
    form = TicketForm(request.POST)
    if not form.is_valid():
        return _refused_new(request, form)
    posting = Posting.of(request, form.cleaned_data)
    subject, queue = form.cleaned_data["subject"], form.cleaned_data["queue"]

    def open_it(content: Content) -> int:
        ticket = actions.open_ticket(
            requester=request.user,
            subject=subject,
            content=content,
            by=request.user,
            source=Source.WEB,
            queue=queue,
        )
        return ticket.number

    try:
        number = posting.once("portal.new", {"subject": subject, "queue": queue.pk}, open_it)
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return _refused_new(request, form)
    messages.success(request, _("We have your ticket. Its number is #%(number)s.") % {"number": number})
    return accepted(redirect("portal:ticket", number=number), request)


def _refused_new(request: Request, form: TicketForm) -> HttpResponse:
    return _new_page(request, form, uploads=_kept(request, form), status=422)


def _kept(request: Request, form: ReplyForm) -> list[dict[str, Any]]:
    uploads = form.fields["uploads"].clean(request.POST.getlist("uploads"))
    if not may_open(request.user):
        return []
    return Posting(request, "", uploads, request.FILES.getlist("files")).kept()


def _new_page(
    request: Request,
    form: TicketForm,
    *,
    uploads: list[dict[str, Any]] | None = None,
    status: int = 200,
    gone: bool = False,
) -> HttpResponse:
    context = {
        "form": form,
        "sentences": QUEUES,
        "uploads": uploads or [],
        "limit": settings.UPLOAD_LIMIT,
        "gone": gone,
    }
    return render(request, "portal/new.html", context, status=status)


# --- page -----------------------------------------------------------------------------------------


def ticket_of(request: Request, number: int) -> Ticket:
    """Raises Http404."""
    try:
        return queries.get_ticket(request.user, number)
    except Ticket.DoesNotExist as error:
        raise Http404 from error


@require_safe
@signed_in
def ticket(request: Request, number: int) -> HttpResponse:
    shown = ticket_of(request, number)
    if may(request.user, "see_internal", shown):
        return redirect(shown.get_absolute_url())
    if whole := _whole(request, shown):
        return _sent_on(request, shown, whole)
    if request.htmx:
        return render(request, "portal/_ticket.html", _ticket_context(request, shown))
    return ticket_page(request, shown, ReplyForm())


def _whole(request: Request, shown: Ticket) -> Ticket | None:
    """The ticket of which `shown` is part, where that may be read."""
    if shown.merged_into_id is None:
        return None
    return Ticket.objects.visible_to(request.user).filter(pk=final(shown).pk).first()


def _sent_on(request: Request, shown: Ticket, whole: Ticket) -> HttpResponse:
    address = reverse("portal:ticket", args=[whole.number])
    if request.htmx:  # a page that was open when they were merged
        return HttpResponse(headers={"HX-Redirect": address})
    text = _("#%(old)s is part of #%(new)s now: everything stands here.")
    messages.info(request, text % {"old": shown.number, "new": whole.number})
    return redirect(address)


def ticket_page(
    request: Request,
    shown: Ticket,
    form: ReplyForm,
    *,
    copying: CopyForm | None = None,
    uploads: list[dict[str, Any]] | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        **_ticket_context(request, shown, copying),
        "form": form,
        "uploads": uploads or [],
        "limit": settings.UPLOAD_LIMIT,
    }
    return render(request, "portal/ticket.html", context, status=status)


def _ticket_context(request: Request, shown: Ticket, copying: CopyForm | None = None) -> dict[str, Any]:
    user = request.user
    may_copy = may(user, "copy", shown)
    before = _message_id(request.GET.get("before", ""))
    timeline = queries.timeline(shown, request.user, before=before)
    return {
        "ticket": shown,
        "entries": told(timeline.entries),
        "older": timeline.older,
        "before": before,
        "copied": [(each.pk, name_for(user, each)) for each in queries.people_of(shown).copied],
        "may_copy": may_copy,
        "copying": copying or CopyForm(),
        "colleagues": list(colleagues(user)) if may_copy and user.organization_id else [],
        "files": serving.files_of(shown, user).exists(),
        "status": STATUS,
        "meaning": MEANING,
        "may_reply": may(request.user, "customer_reply", shown),
        "may_close": may(request.user, "customer_close", shown),
        "may_reopen": may(request.user, "customer_reopen", shown),
    }


def _message_id(given: str) -> int | None:
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None


def told(entries: list[queries.Entry]) -> list[queries.Entry]:
    """Messages, and the events that mean something to a customer, the status in his words."""
    return [entry for entry in entries if entry.message or _concerns_customer(entry)]


def _concerns_customer(entry: queries.Entry) -> bool:
    event = entry.event
    assert event is not None
    if event.kind != events.StatusChanged.kind:
        return event.kind in TOLD
    before, after = event.data["before_category"], event.data["after_category"]
    if before == after:
        return False
    entry.sentence = _("set the ticket to “%(status)s”") % {"status": STATUS[after]}
    return True


# --- what one can do to it --------------------------------------------------------------------------


@require_POST
@signed_in
def replies(request: Request, number: int) -> HttpResponse:
    form = ReplyForm(request.POST)
    valid = form.is_valid()
    shown = _ticket_to_answer(request, number)
    if shown is None:
        return _gone(request, form)
    if not valid:
        return _refused_reply(request, shown, form)
    posting = Posting.of(request, form.cleaned_data)

    def reply(content: Content) -> list[int]:
        message = actions.customer_reply(shown, content, by=request.user)
        return [cast(Ticket, message.ticket).number, message.pk]

    try:
        answered, message = posting.once("portal.reply", {"ticket": shown.pk}, reply)
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return _refused_reply(request, shown, form)
    except actions.NotAllowed:
        form.add_error(None, _("You may not write here any more. Open a new ticket with your text."))
        return _refused_reply(request, shown, form)
    if answered != number:
        text = _("#%(old)s was closed long ago, so your message has opened #%(new)s.")
        if Ticket.objects.filter(number=number, merged_into__isnull=False).exists():
            text = _("#%(old)s is part of #%(new)s now: your message stands here.")
        messages.info(request, text % {"old": number, "new": answered})
    return accepted(redirect(f"{reverse('portal:ticket', args=[answered])}#message-{message}"), request)


def _ticket_to_answer(request: Request, number: int) -> Ticket | None:
    """One that the customer may write to, also when staff trashed it meanwhile: his words bring it back."""
    try:
        return queries.get_ticket(request.user, number)
    except Ticket.DoesNotExist:
        own = any_of(customer_arms(request.user))
        return Ticket.objects.with_row().filter(own, number=number).first()


def _gone(request: Request, form: ReplyForm) -> HttpResponse:
    """The ticket vanished while he wrote: his text and files stand in the form for a new one."""
    fresh = TicketForm(initial={"text": form.data.get("text", "")[:LONGEST]})
    return _new_page(request, fresh, uploads=_kept(request, form), status=404, gone=True)


def _refused_reply(request: Request, shown: Ticket, form: ReplyForm) -> HttpResponse:
    return ticket_page(request, shown, form, uploads=_kept(request, form), status=422)


@require_POST
@signed_in
def closure(request: Request, number: int) -> HttpResponse:
    try:
        actions.customer_close(ticket_of(request, number), by=request.user)
    except actions.NotAllowed:
        messages.error(request, _("Only the person who asked can close this ticket."))
    else:
        messages.success(request, _("The ticket is closed. Thank you."))
    return redirect("portal:ticket", number=number)


@require_POST
@signed_in
def reopening(request: Request, number: int) -> HttpResponse:
    try:
        actions.customer_reopen(ticket_of(request, number), by=request.user)
    except actions.NotAllowed:
        messages.error(request, _("Only the person who asked can reopen this ticket."))
    except actions.BadMove:
        messages.error(request, _("This ticket was closed too long ago. Write below, and we open a new one."))
    else:
        messages.success(request, _("The ticket is open again."))
    return redirect("portal:ticket", number=number)
