"""Into the agent's own WhatsApp, outside Deskbell; what was written there can be logged on a ticket."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from deskbell.desk.access import desk, person, ticket_of
from deskbell.desk.forms import LONGEST_TEXT
from deskbell.desk.pages import once_per_form, page
from deskbell.kit.once import accepted
from deskbell.people import queries
from deskbell.people.models import Identity, User
from deskbell.people.pointers import final
from deskbell.tickets import actions, rules
from deskbell.tickets.content import Content
from deskbell.tickets.models import Draft, Ticket

#: tickets of a person that are offered for the log
OFFERED = 10


class LogForm(forms.Form):
    """`number` is that of the phone, `ticket` that of a ticket."""

    text = forms.CharField(
        label=gettext_lazy("Message"),
        max_length=LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": gettext_lazy("Write what you have sent.")},
    )
    number = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    ticket = forms.TypedChoiceField(label=gettext_lazy("Ticket"), coerce=int)

    def __init__(self, tickets: list[Ticket], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(each.number, f"#{each.number} {each.subject}") for each in tickets]
        cast(forms.TypedChoiceField, self.fields["ticket"]).choices = choices


@require_http_methods(["GET", "POST"])
@desk
def of_ticket(request: HttpRequest, number: int) -> HttpResponse:
    ticket = ticket_of(request, number)
    rules.require(person(request), "note", ticket)
    return _page(request, ticket.requester, [ticket], back=ticket.get_absolute_url())


@require_http_methods(["GET", "POST"])
@desk
def of_person(request: HttpRequest, pk: int) -> HttpResponse:
    """What is logged may stand on any of his latest tickets."""
    user = person(request)
    somebody = final(get_object_or_404(queries.visible_people(user), pk=pk))
    rows = Ticket.objects.visible_to(user).filter(requester=somebody, spam=False).select_related("queue")
    latest = rows.order_by("-active", "-updated_at", "-pk")[:OFFERED]
    tickets = [each for each in latest if rules.may(user, "note", each)]
    return _page(request, somebody, tickets, back=reverse("desk:person", args=[somebody.pk]))


def _page(request: HttpRequest, somebody: User, tickets: list[Ticket], *, back: str) -> HttpResponse:
    known = _numbers(somebody)
    form = LogForm(
        tickets, request.POST if request.method == "POST" else None, initial=_begun(request, tickets)
    )
    if form.is_bound and form.is_valid():
        ticket = next(each for each in tickets if each.number == form.cleaned_data["ticket"])
        number = form.cleaned_data["number"]
        pk = _log(request, ticket, form.cleaned_data["text"], number if number in known else "")
        messages.success(request, _("It is logged as a note on #%(number)s.") % {"number": ticket.number})
        return accepted(redirect(f"{ticket.get_absolute_url()}#message-{pk}"), request)
    context = {"somebody": somebody, "numbers": known, "tickets": tickets, "form": form, "back": back}
    return page(request, "desk/outside.html", context, status=422 if form.is_bound else 200)


def _begun(request: HttpRequest, tickets: list[Ticket]) -> dict[str, Any]:
    """The words of the reply that was begun there."""
    if not tickets:
        return {}
    drafts = Draft.objects.filter(user=person(request), ticket=tickets[0], kind=Draft.Kind.REPLY)
    return {
        "text": drafts.values_list("text", flat=True).first() or "",
        "ticket": tickets[0].number,
    }


def _numbers(somebody: User) -> list[str]:
    """As digits with a plus, each once: those he writes from come first."""
    kinds = (Identity.Kind.WA_ID, Identity.Kind.PHONE)
    rows = somebody.identities.filter(kind__in=kinds).order_by("-kind", "-primary", "pk")
    return list(dict.fromkeys(f"+{key.removeprefix('+')}" for key in rows.values_list("key", flat=True)))


def _log(request: HttpRequest, ticket: Ticket, text: str, number: str) -> int:
    """Once, however often the form is sent; the id of the note."""
    user, said = person(request), _("Sent by WhatsApp outside Deskbell")
    first = f"{said}, {number}:" if number else f"{said}:"

    def act() -> int:
        return actions.note(ticket, Content.markdown(f"{first}\n\n{text}"), by=user).pk

    return int(once_per_form(request, f"desk.outside:{user.pk}", [ticket.pk, text], act))
