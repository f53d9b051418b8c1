"""A template of WhatsApp for a customer whose chat is closed."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deskbell.channels.actions import consent, fallback
from deskbell.channels.models import Channel, MessageTemplate
from deskbell.channels.whatsapp import errors, templates
from deskbell.channels.whatsapp.templates import Variable
from deskbell.desk.access import desk, person, ticket_of
from deskbell.desk.pages import once_per_form, page
from deskbell.kit.once import accepted
from deskbell.tickets import actions, rules
from deskbell.tickets.models import Status, Ticket


class ValuesForm(forms.Form):
    """A field for each variable of a template."""

    def __init__(self, asked: list[Variable], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for each in asked:
            self.fields[each.key] = forms.CharField(label=_label(each), max_length=templates.LONGEST)


class ConsentForm(forms.Form):
    how = forms.CharField(
        label=gettext_lazy("How did the customer agree?"),
        help_text=gettext_lazy("For instance: by phone on Monday, to Mara. It is kept with your name."),
        max_length=300,
    )


def _label(variable: Variable) -> str:
    if variable.place.isdigit():
        return _("End of the button's address")
    name = variable.name.replace("_", " ")
    if not name.isdigit():
        return name.capitalize()
    text = _("Value %(number)s of the heading") if variable.place == "header" else _("Value %(number)s")
    return text % {"number": name}


@require_http_methods(["GET", "POST"])
@desk
def template(request: HttpRequest, number: int) -> HttpResponse:
    """Choose one (`?template=`), fill it in, send it."""
    ticket = ticket_of(request, number)
    rules.require(person(request), "reply", ticket)
    sender = _sender(ticket)
    if isinstance(sender, str):
        return _refused(request, ticket, sender)
    if why := sender.refusal():
        return _refused(request, ticket, why)
    rows = MessageTemplate.objects.filter(channel=sender.channel).order_by("name", "language")
    offered = [row for row in rows if templates.is_offered(row)]
    chosen = _chosen(request, offered)
    context: dict[str, Any] = {"ticket": ticket, "offered": offered, "chosen": chosen, "sender": sender}
    if chosen is None:
        return page(request, "desk/template.html", context)
    asked = templates.variables(chosen)
    given = request.POST if request.method == "POST" else None
    form = ValuesForm(asked, given, initial=_usual(asked, ticket))
    looks = "look" in request.POST
    unwanted = sender.refusal(chosen.category)
    if request.method == "POST" and not looks and not unwanted and form.is_valid():
        try:
            pk = _send(request, ticket, chosen, form.cleaned_data)
        except fallback.NoFallback as error:
            form.add_error(None, _("Nothing was sent. %(why)s.") % {"why": gettext(str(error))})
        else:
            return accepted(redirect(f"{ticket.get_absolute_url()}#message-{pk}"), request)
    values = {each.key: str(form[each.key].value() or "") for each in asked}
    context |= {"form": form, "preview": templates.preview(chosen, values), "unwanted": unwanted}
    refused = request.method == "POST" and not looks
    return page(request, "desk/template.html", context, status=422 if refused else 200)


def _sender(ticket: Ticket) -> fallback.Fallback | str:
    """The number that sends it: that of the chat, or the one in its place while that is down. Where there is
    none, why. Raises Http404 for a ticket without a chat.
    """
    if ticket.conversation is None:
        raise Http404
    channel = Channel.objects.filter(pk=ticket.conversation.channel_id).first()
    if channel is not None and channel.kind == Channel.Kind.WHATSAPP_CLOUD:
        return fallback.Fallback(channel, ticket.conversation.address, ticket.conversation)
    try:
        return fallback.fallback_of(ticket)
    except fallback.NoFallback as error:
        return str(error)


def _refused(request: HttpRequest, ticket: Ticket, why: str) -> HttpResponse:
    """Why none may be sent. Where nobody has noted it yet, an agent may say how the customer agreed."""
    assert ticket.conversation is not None
    form = ConsentForm(request.POST if "how" in request.POST else None)
    if form.is_bound and form.is_valid() and why == errors.NO_CONSENT:
        consent.record(ticket.conversation, how=form.cleaned_data["how"], by=person(request))
        return redirect("desk:template", ticket.number)
    may_note = why == errors.NO_CONSENT
    context = {"ticket": ticket, "refused": why, "consent": form if may_note else None, "chosen": None}
    return page(request, "desk/template.html", context, status=422 if request.method == "POST" else 200)


def _chosen(request: HttpRequest, offered: list[MessageTemplate]) -> MessageTemplate | None:
    """The one that is named; where there is only one, that."""
    named = request.POST.get("template") or request.GET.get("template", "")
    found = next((row for row in offered if str(row.pk) == named), None)
    return found or (offered[0] if len(offered) == 1 else None)


def _usual(asked: list[Variable], ticket: Ticket) -> dict[str, str]:
    """What a variable most likely means, to be looked over by the sender."""
    first = ticket.requester.display_name.split(" ")[0]
    meant = {"ticket": f"#{ticket.number}", "number": f"#{ticket.number}", "name": first, "customer": first}
    meant |= {"first_name": first, "subject": ticket.subject, "1": first, "2": f"#{ticket.number}"}
    return {each.key: meant[each.name] for each in asked if each.place == "body" and each.name in meant}


def _send(request: HttpRequest, ticket: Ticket, chosen: MessageTemplate, values: dict[str, str]) -> int:
    """Send it once, however often the form is sent; the id of its message."""
    user, content = person(request), templates.content(chosen, values)

    def act() -> int:
        assert ticket.conversation is not None
        leaving = content
        if chosen.channel_id != ticket.conversation.channel_id:
            leaving = fallback.through(ticket, content)
        waits = Status.objects.get(category="pending", default=True)
        status = waits if rules.may(user, "status", ticket) and ticket.active else None
        return actions.reply(ticket, leaving, by=user, status=status).pk

    return int(once_per_form(request, f"desk.template:{user.pk}", [ticket.pk, chosen.pk, content.text], act))
