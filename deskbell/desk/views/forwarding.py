"""Messages and files of a ticket go to a supplier."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from deskbell.channels.email.subjects import of_forward
from deskbell.channels.queries import own_among
from deskbell.desk.access import desk, person, ticket_of
from deskbell.desk.forms import ForwardForm
from deskbell.desk.pages import once_per_form, page
from deskbell.kit.once import accepted
from deskbell.people.queries import company
from deskbell.tickets import actions, forwards, queries, rules
from deskbell.tickets.content import FILES_LIMIT
from deskbell.tickets.forwards import Forward
from deskbell.tickets.models import HeldReply, Message, Ticket

#: what is typed: complete addresses, and the one that is begun
_TYPED = re.compile(r"(?s)(.*[,;\s])?(.*)")


@require_http_methods(["GET", "POST"])
@desk
def forward(request: HttpRequest, number: int) -> HttpResponse:
    """The form, and what it sends. Refused ones come back with every word and choice."""
    ticket = ticket_of(request, number)
    rules.require(person(request), "forward", ticket)
    if request.method == "GET":
        return _draw(request, ticket, ForwardForm(initial=_initial(request, ticket)))
    form = ForwardForm(request.POST)
    if form.is_valid() and (ours := own_among(form.cleaned_data["to"])):
        form.add_error("to", _("This desk has that address itself: %(given)s") % {"given": ", ".join(ours)})
    if form.is_valid():
        try:
            anchor = _send(request, ticket, form.given)
        except (
            actions.BadRecipients,
            actions.EmptyMessage,
            actions.FilesTooBig,
            actions.NotForwardable,
        ) as error:
            form.refuse(error)
        else:
            return accepted(redirect(f"{ticket.get_absolute_url()}#{anchor}"), request)
    return _draw(request, ticket, form, status=422)


def again(request: HttpRequest, ticket: Ticket, held: HeldReply) -> HttpResponse:
    """The form as it was before it was sent: it has not left."""
    notices.success(request, _("Taken back: nobody has got it. Everything is as you had it."))
    given = Forward(text=held.text, **(held.forward or {}))
    return _draw(request, ticket, ForwardForm.of(given))


@require_GET
@desk
def addresses(request: HttpRequest, number: int) -> HttpResponse:
    """Addresses that may be meant by what is typed into To, after those that stand there already."""
    ticket = ticket_of(request, number)
    rules.require(person(request), "forward", ticket)
    typed = _TYPED.fullmatch(request.GET.get("to", "")[:5000])
    complete, begun = (typed[1] or "", typed[2]) if typed else ("", "")
    known = forwards.known_addresses(person(request), ticket, begun)
    return page(request, "desk/_addresses.html", {"known": known, "before": complete})


def _initial(request: HttpRequest, ticket: Ticket) -> dict[str, Any]:
    """From a supplier's answer: to him, in the same conversation. Else with the message one comes from, or
    the customer's latest; an internal one is never chosen for anybody.
    """
    if (asked := _named(request, "answers", ticket)) and asked.kind == Message.Kind.SUPPLIER:
        return {
            "to": asked.details.get("from", ""),
            "subject": of_forward(ticket, asked),
            "answers": asked.pk,
        }
    public = forwards.messages_of(ticket).filter(visibility=Message.Visibility.PUBLIC)
    chosen = _named(request, "message", ticket) or public.filter(direction="in").first()
    return {
        "subject": of_forward(ticket),
        "messages": [chosen.pk] if chosen and not chosen.internal else [],
    }


def _named(request: HttpRequest, name: str, ticket: Ticket) -> Message | None:
    given = request.GET.get(name, "")
    if not given.isdecimal() or len(given) > 18:
        return None
    return Message.objects.filter(ticket=ticket, pk=int(given)).first()


def _send(request: HttpRequest, ticket: Ticket, given: Forward) -> str:
    """Send it once, however often the form is sent; where it stands on the page."""
    user = person(request)

    def act() -> str:
        if seconds := company().undo_seconds:
            return f"held-{actions.hold_forward(ticket, given, by=user, seconds=seconds).pk}"
        return f"message-{actions.forward(ticket, given, by=user).pk}"

    content = [ticket.pk, given.text, given.beside_text]
    return str(once_per_form(request, f"desk.forward:{user.pk}", content, act))


def _draw(request: HttpRequest, ticket: Ticket, form: ForwardForm, *, status: int = 200) -> HttpResponse:
    chosen = {name: {int(pk) for pk in _ids(form, name)} for name in ("messages", "attachments")}
    named = _named(request, "message", ticket)
    listed = forwards.offered(ticket, {*chosen["messages"], *([named.pk] if named else [])})
    files = queries.files_of(listed)
    safe = set(forwards.files_of(ticket).filter(message__in=listed).values_list("pk", flat=True))
    context = {
        "ticket": ticket,
        "form": form,
        "listed": [(each, [file for file in files.get(each.pk, []) if file.pk in safe]) for each in listed],
        "chosen": chosen,
        "known": forwards.known_addresses(person(request), ticket, ""),
        "more": len(listed) >= forwards.MESSAGES_OFFERED,
        "files_limit": FILES_LIMIT,
    }
    return page(request, "desk/forward.html", context, status=status)


def _ids(form: ForwardForm, name: str) -> list[Any]:
    return [each for each in form[name].value() or [] if str(each).isdecimal() and len(str(each)) < 19]
