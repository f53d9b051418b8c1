"""One ticket by a link, without a sign-in: read, files, answer. No other page, no list, no account.

The signed token stands in one address alone, which only leads on: no page has it in its address, so that
nothing passes it to another site, and refusals are not logged with it.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from deskbell.channels.webform import limits
from deskbell.kit.once import accepted
from deskbell.portal import guests
from deskbell.portal.forms import ReplyForm
from deskbell.portal.views.tickets import told
from deskbell.portal.words import MEANING, STATUS
from deskbell.tickets import actions, queries, serving
from deskbell.tickets.actions import passes
from deskbell.tickets.content import Content
from deskbell.tickets.models import Attachment, Message, Ticket, TicketPass
from deskbell.tickets.posting import Posting, Refused
from deskbell.tickets.rules import may

#: ids of the passes that were opened in this browser
SESSION = "ticket_passes"
MOST = 20
View = Callable[..., HttpResponse]


def unseen(view: View) -> View:
    """Kept by no cache and no search engine, and never logged with its address."""

    @wraps(view)
    def quiet(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        response = view(request, *args, **kwargs)
        response["Cache-Control"] = "private, no-store"
        response["X-Robots-Tag"] = "noindex, nofollow, noarchive"
        response._has_been_logged = True  # type: ignore[attr-defined]  # django.utils.log.log_response
        return response

    return quiet


@require_safe
@unseen
def enter(request: HttpRequest, token: str) -> HttpResponse:
    """Remember the pass in the browser's session and lead on to an address without a secret."""
    pk = passes.pass_of(token)
    opened = passes.open_pass(pk) if pk is not None else None
    if opened is None:
        return _gone(request)
    known = [each for each in _known(request) if each != opened.pk]
    request.session[SESSION] = [*known, opened.pk][-MOST:]
    if request.user.is_authenticated and _own(request, opened.ticket):
        return redirect("portal:ticket", number=opened.ticket.number)
    return redirect("portal:link:ticket", pk=opened.pk)


def _own(request: HttpRequest, ticket: Ticket) -> bool:
    return Ticket.objects.visible_to(request.user).filter(pk=ticket.pk).exists()  # type: ignore[arg-type]


def _known(request: HttpRequest) -> list[int]:
    return list(request.session.get(SESSION, []))


def _opened(request: HttpRequest, pk: int) -> TicketPass | None:
    return passes.open_pass(pk) if pk in _known(request) else None


def _gone(request: HttpRequest) -> HttpResponse:
    """The same for a link that was ended, is too old or forged, and for a ticket that is not there."""
    response = render(request, "portal/link_gone.html", status=410)
    response["Referrer-Policy"] = "no-referrer"
    response["HX-Refresh"] = "true"
    return response


@require_safe
@unseen
def ticket(request: HttpRequest, pk: int) -> HttpResponse:
    """The page. One that is open asks for what is new: 204 while `seen` still names the newest."""
    opened = _opened(request, pk)
    if opened is None:
        return _gone(request)
    if request.htmx and request.GET.get("seen") == _newest(opened.ticket):  # type: ignore[attr-defined]
        return HttpResponse(status=204)
    return _page(request, opened, ReplyForm())


def _newest(shown: Ticket) -> str:
    """Names what customers can see of a ticket by the time it last changed for them."""
    return shown.public_at.isoformat()


def _page(request: HttpRequest, opened: TicketPass, form: ReplyForm, status: int = 200) -> HttpResponse:
    shown, person = opened.ticket, opened.user
    before = request.GET.get("before", "")
    place = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    timeline = queries.timeline(shown, person, before=place)
    context = {
        "ticket": shown,
        "person": person,
        "opened": opened,
        "entries": told(timeline.entries),
        "older": timeline.older,
        "before": place,
        "seen": _newest(shown),
        "status": STATUS,
        "meaning": MEANING,
        "may_reply": may(person, "customer_reply", shown),
        "form": form,
        "limit": settings.GUEST_UPLOAD_LIMIT,
    }
    template = "portal/_link.html" if request.htmx else "portal/link.html"  # type: ignore[attr-defined]
    return render(request, template, context, status=status)


@require_POST
@unseen
def replies(request: HttpRequest, pk: int) -> HttpResponse:
    """The person for whom the link was made says more."""
    opened = _opened(request, pk)
    if opened is None:
        return _gone(request)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        return _page(request, opened, form, status=422)
    files = request.FILES.getlist("files")
    his = copy.copy(request)
    his.user = opened.user
    posting = Posting(his, form.cleaned_data["text"], [], files)

    def reply(content: Content) -> list[int]:
        message = actions.customer_reply(opened.ticket, content, by=opened.user)
        return [message.ticket_id or 0, message.pk]

    try:
        answered = _counted(request, opened, posting, reply)
    except Refused as refused:
        form.add_error(refused.field, refused.message)
        return _page(request, opened, form, status=422)
    except actions.NotAllowed:
        return _page(request, opened, form, status=422)
    if answered[0] != opened.ticket_id:
        text = _("This ticket was closed long ago, so your message has opened a new one. We answer by mail.")
        messages.info(request, text)
        return accepted(redirect("portal:link:ticket", pk=opened.pk), request)
    return accepted(redirect(f"{reverse('portal:link:ticket', args=[pk])}#message-{answered[1]}"), request)


def _counted(
    request: HttpRequest, opened: TicketPass, posting: Posting, reply: Callable[[Content], list[int]]
) -> list[int]:
    """Written once, within the hour's measure. Raises Refused."""
    if len(posting.files) > limits.FILES_AT_ONCE:
        raise Refused(_("At most %(most)s files at once.") % {"most": limits.FILES_AT_ONCE}, "text")
    if any((file.size or 0) > settings.GUEST_UPLOAD_LIMIT for file in posting.files):
        raise Refused(guests.too_big(), "text")

    def counted(content: Content) -> list[int]:
        ip = guests.ip_of(request)
        limits.count_answer(opened.pk, ip)
        for file in posting.files:
            limits.count_file(ip, file.size or 0)
        return reply(content)

    try:
        with transaction.atomic():
            return list(posting.once("portal.link", {"pass": opened.pk}, counted))
    except limits.TooMuch as error:
        raise Refused(_("That were many messages within the hour. Send this one later."), "text") from error


@require_POST
@unseen
def ending(request: HttpRequest, pk: int) -> HttpResponse:
    """Whoever holds the link ends it: he forwarded the mail, or sits at a strange computer."""
    opened = _opened(request, pk)
    if opened is not None:
        actions.end_passes(opened.ticket, by=opened.user, only=opened)
        request.session[SESSION] = [each for each in _known(request) if each != pk]
    return _gone(request)


# --- files ------------------------------------------------------------------------------------------


@require_safe
@unseen
def attachment(request: HttpRequest, pk: int) -> HttpResponse:
    file = get_object_or_404(Attachment.objects.select_related("message"), pk=pk)
    opened = _for_ticket(request, file.message)
    return serving.attachment(opened.user, pk, inline="inline" in request.GET)


@require_safe
@unseen
def message_html(request: HttpRequest, pk: int) -> HttpResponse:
    opened = _for_ticket(request, get_object_or_404(Message, pk=pk))
    images = request.GET.get("images") == "1"
    return serving.message_html(opened.user, pk, images=images, inline_route="portal:inline")


def _for_ticket(request: HttpRequest, message: Message | None) -> TicketPass:
    """A pass of this browser for the message's ticket. Raises Http404."""
    if message is not None and message.ticket_id:
        rows = TicketPass.objects.filter(pk__in=_known(request), ticket=message.ticket_id)
        for pk in rows.values_list("pk", flat=True):
            if opened := passes.open_pass(pk):
                return opened
    raise Http404
