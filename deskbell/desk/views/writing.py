"""Replies, notes and what is begun of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages as notices
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.channels.actions import fallback, presence
from deskbell.channels.chats import chat_of_message
from deskbell.desk import uploads as files
from deskbell.desk.access import desk, message_of, person, ticket_of
from deskbell.desk.forms import DraftForm, MessageForm, TextForm
from deskbell.desk.pages import THEN, composer_again, done, is_part, once_per_form, page, refused
from deskbell.desk.views import forwarding
from deskbell.events.models import Once
from deskbell.kit.once import key_of
from deskbell.people import actions as people
from deskbell.people.queries import company
from deskbell.tickets import actions, rules
from deskbell.tickets.actions.drafts import draft_stamp
from deskbell.tickets.content import Content
from deskbell.tickets.models import Draft, Message, Status, Ticket
from deskbell.tickets.pointers import final
from deskbell.tickets.posting import chat_closed


@require_POST
@desk
def messages(request: HttpRequest, number: int) -> HttpResponse:
    """A reply or an internal note. Refused ones come back with every word and file."""
    ticket = ticket_of(request, number)
    form = MessageForm(request.POST)
    kept, too_big = files.keep_files(request)
    uploads = files.uploads_of(request) + kept
    overtaken = None
    if too_big:
        form.add_error("text", _("Too big: %(names)s") % {"names": ", ".join(too_big)})
    elif form.is_valid():
        try:
            anchor = _write(request, ticket, form.cleaned_data, uploads)
        except actions.Overtaken as error:
            overtaken = error.message_id
        except actions.TicketMerged as error:
            return _merged_meanwhile(request, ticket, form.cleaned_data, error.ticket)
        except actions.ColleagueSends as error:
            sends = _(
                "%(name)s has just sent an answer, which leaves in a moment. Nothing of yours was sent."
            )
            form.add_error(None, sends % {"name": error.name})
        except actions.ChatClosed as error:
            form.add_error("text", chat_closed(error))
        except fallback.NoFallback as error:
            form.add_error(None, _("Nothing was sent. %(why)s.") % {"why": gettext(str(error))})
        except actions.NothingToWaitFor:
            sends = _("The customer has just written: the chat is open. Read it, then send.")
            form.add_error("text", sends)
        except actions.EmptyMessage:
            form.add_error("text", _("Write something or attach a file."))
        except actions.UploadGone:
            form.add_error("text", _("A file is no longer here. Attach it again, then send."))
        else:
            return done(request, ticket, anchor=f"#{anchor}", composer=True)
    return refused(request, number, form=form, uploads=files.shown(request, uploads), overtaken=overtaken)


def _merged_meanwhile(
    request: HttpRequest, ticket: Ticket, given: dict[str, Any], whole: Ticket
) -> HttpResponse:
    """Nothing is sent to a ticket that its writer did not see: his words wait as a draft in the other."""
    user = person(request)
    kind = Draft.Kind.NOTE if given["visibility"] == "internal" else Draft.Kind.REPLY
    begun = Draft.objects.filter(user=user, ticket=whole, kind=kind).first()
    words = dict.fromkeys(filter(None, (given["text"].strip(), begun.text if begun else "")))
    actions.keep_draft(user, kind=kind, text="\n\n".join(words), ticket=whole)
    text = _(
        "Nothing was sent: #%(old)s became part of #%(new)s. Your words stand here as a draft; "
        "files have to be attached again."
    )
    notices.warning(request, text % {"old": ticket.number, "new": whole.number})
    if is_part(request):
        return HttpResponse(headers={"HX-Redirect": whole.get_absolute_url()})
    return redirect(whole)


def _write(request: HttpRequest, ticket: Ticket, given: dict[str, Any], uploads: list[int]) -> str:
    """Write it once, however often the form is sent; where it stands on the page."""
    user, bcc = person(request), given["bcc"] if given["visibility"] == "public" else []
    waits = given["way"] == "hold"
    way = given["way"] if given["way"] == "email" else ""
    content = Content.markdown(given["text"], uploads=uploads, bcc=bcc, way=way)

    if given["quotes"] and given["visibility"] == "public" and not given["way"]:
        content = replace(content, in_reply_to=_answered(ticket, given["quotes"]))

    def act() -> str:
        other = Draft.Kind.REPLY if given["visibility"] == "internal" else Draft.Kind.NOTE
        # begun as the one, sent as the other
        actions.forget_draft(user, kind=other, ticket=ticket, seen=given["draft"])
        if given["visibility"] == "internal":
            return f"message-{actions.note(ticket, content, by=user).pk}"
        if ticket.merged_into_id is not None:
            raise actions.TicketMerged(final(ticket))
        rules.require(user, "reply", ticket)  # before somebody new is copied in
        leaving = fallback.through(ticket, content) if given["way"] == fallback.WAY else content
        status = Status.objects.get(category=given["then"], default=True) if _moves(given) else None
        seconds = company().undo_seconds
        if waits or seconds:
            held = actions.hold_reply(
                ticket,
                leaving,
                by=user,
                seconds=None if waits else seconds,
                status=status,
                copy=given["copy"],
                after=given["after"],
            )
            return f"held-{held.pk}"
        copy = [people.person_for_email(address, how="made", by=user)[0] for address in given["copy"]]
        message = actions.reply(ticket, leaving, by=user, status=status, copy=copy, after=given["after"])
        return f"message-{message.pk}"

    anchor = once_per_form(
        request,
        f"desk.message:{user.pk}",
        [ticket.pk, given["visibility"], content.text, uploads, *(["hold"] if waits else [])],
        act,
    )
    if given["visibility"] == "public" and given["then"] and request.session.get(THEN) != given["then"]:
        request.session[THEN] = given["then"]
    return anchor


def _answered(ticket: Ticket, pk: int) -> str:
    """By what the chat knows the customer's message that is quoted."""
    rows = Message.objects.filter(ticket=ticket, pk=pk, direction="in", visibility="public")
    message = rows.first() if ticket.conversation_id else None
    chat = chat_of_message(message) if message else None
    return message.external_id if message and chat and chat.pk == ticket.conversation_id else ""


@require_POST
@desk
def undo(request: HttpRequest, number: int, pk: int) -> HttpResponse:
    """Take a reply or a forward back that has not left: all that it held is in its form again."""
    ticket = ticket_of(request, number)
    try:
        held = actions.take_back(pk, ticket, by=person(request))
    except actions.LeftAlready:
        return done(request, ticket, _("It has left already, or was taken back."))
    if held.forward is not None:
        return forwarding.again(request, ticket, held)
    if held.author_id != person(request).pk:
        text = _("Taken back. The words are a draft of %(name)s again.")
        return done(request, ticket, text % {"name": held.author.display_name})
    form = MessageForm(
        {
            "text": held.text,
            "visibility": "public",
            "copy": ", ".join(held.copy),
            "bcc": ", ".join(held.bcc),
            "way": "hold" if held.waits else fallback.WAY if held.way.startswith("chat:") else held.way,
            "quotes": Message.objects.filter(ticket=ticket, external_id=held.in_reply_to)
            .values_list("pk", flat=True)
            .first()
            if held.in_reply_to
            else None,
            "after": ticket.last_message_id,
            "then": held.status.category if held.status else "keep",
            "draft": draft_stamp(person(request), kind=Draft.Kind.REPLY, ticket=ticket),
        }
    )
    notices.success(request, _("Taken back: nobody has got it. Your words are below."))
    return composer_again(request, number, form=form, uploads=files.shown(request, held.uploads))


def _moves(given: dict[str, Any]) -> bool:
    return given["then"] in ("pending", "resolved")


@require_POST
@desk
def draft(request: HttpRequest, number: int | None = None) -> HttpResponse:
    """Keep what is being written, and answer its stamp. What was sent meanwhile is not brought back; words
    that another window kept meanwhile are answered with 409 instead of being overwritten.
    """
    user = person(request)
    ticket = ticket_of(request, number) if number is not None else None
    form = DraftForm(request.POST)
    key = key_of(request)
    scopes = [f"desk.message:{user.pk}", f"desk.open:{user.pk}"]
    sent = bool(key) and Once.objects.filter(scope__in=scopes, key__startswith=f"{key}:").exists()
    if not form.is_valid() or sent:
        return JsonResponse({"draft": ""})
    kinds = _draft_kinds(request, ticket)
    text, seen = form.cleaned_data["text"], form.cleaned_data["draft"]
    try:
        kept = actions.keep_draft(user, kind=kinds[0], text=text, ticket=ticket, seen=seen)
    except actions.DraftMoved as error:
        return JsonResponse({"draft": error.stamp, "text": error.text}, status=409)
    if text.strip() and ticket and kinds[0] == Draft.Kind.REPLY:
        presence.types(ticket, by=user)
    for kind in kinds[1:]:
        actions.forget_draft(user, kind=kind, ticket=ticket, seen=seen)
    return JsonResponse({"draft": kept})


def _draft_kinds(request: HttpRequest, ticket: Ticket | None) -> list[str]:
    """What kind of draft it is, then the kind it may have been before."""
    if ticket is None:
        return [Draft.Kind.TICKET.value]
    kinds = [Draft.Kind.REPLY.value, Draft.Kind.NOTE.value]
    return kinds[::-1] if request.POST.get("visibility") == "internal" else kinds


@require_http_methods(["GET", "POST"])
@desk
def note(request: HttpRequest, pk: int) -> HttpResponse:
    """Mend one's own note."""
    message = message_of(request, pk)
    ticket = message.ticket
    assert ticket is not None
    if not message.internal or message.author_id != person(request).pk:
        raise rules.NotAllowed("edit_note")
    form = TextForm(request.POST if request.method == "POST" else None, initial={"text": message.text})
    if form.is_bound and form.is_valid():
        try:
            actions.edit_note(message, form.cleaned_data["text"], by=person(request))
        except actions.EmptyMessage:
            form.add_error("text", _("A note cannot be empty. To take its words away, remove them for ever."))
        except actions.TooLate:
            form.add_error("text", _("A note may be edited for fifteen minutes. Write another one instead."))
        else:
            return done(request, ticket, _("The note was changed."), anchor=f"#message-{pk}")
    context = {"ticket": ticket, "message": message, "form": form, "until": timezone.now()}
    return page(request, "desk/note.html", context, status=422 if form.is_bound else 200)
