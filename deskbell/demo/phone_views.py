"""Playing the customer's phone: pages of a demo desk alone."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deskbell.demo import chats, company, phone
from deskbell.demo.forms import ChatForm, NumberForm
from deskbell.demo.views import AGENT, on_the_demo
from deskbell.files.models import SAFE_IMAGES
from deskbell.files.sniff import content_type
from deskbell.kit.once import accepted, key_of, new_key
from deskbell.tickets.actions.conversations import close_window
from deskbell.tickets.models import Ticket
from deskbell.tickets.serving import FILE

#: phones one may pick up at a click: keys of `chats.PHONES`
PLAYED = ("doug", "petra", "", "joy", "imogen")
SIGN = "👍"
#: newest tickets of a chat that are offered
TICKETS = 3


@require_http_methods(["GET", "HEAD", "POST"])
@on_the_demo
def page(request: HttpRequest) -> HttpResponse:
    """The page. A POST names somebody new with a phone."""
    if request.method == "POST":
        form = NumberForm(request.POST)
        if form.is_valid():
            return redirect(_address(form.cleaned_data["number"], name=form.cleaned_data["name"]))
        return _page(request, "", somebody=form, status=422)
    return _page(request, _who(request.GET))


@require_GET
@on_the_demo
def chat(request: HttpRequest) -> HttpResponse:
    """The bubbles alone, or 204 while nothing has changed since `stamp` or WhatsApp is silent."""
    who = _who(request.GET)
    try:
        shown = _chat(request, who)
    except phone.Silent:
        return HttpResponse(status=204)
    if request.GET.get("stamp") == shown["chat"].stamp:
        return HttpResponse(status=204)
    return render(request, "demo/_chat.html", shown)


@require_POST
@on_the_demo
def messages(request: HttpRequest) -> HttpResponse:
    """Write, with or without a photo, quoting a message or not."""
    who = _who(request.POST)
    form = ChatForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, who, form=form, status=422)
    content, kind = form.cleaned_data["photo"]
    try:
        phone.send(
            who,
            name=_name(request.POST),
            text=form.cleaned_data["text"],
            quotes=form.cleaned_data["quotes"],
            key=key_of(request) or new_key(),
            photo=content,
            mime=kind,
        )
    except phone.Silent:
        return _page(request, who, form=form, status=503)
    return accepted(redirect(_address(who, name=_name(request.POST))), request)


@require_POST
@on_the_demo
def reactions(request: HttpRequest) -> HttpResponse:
    """A thumb at a message, or away again."""
    who = _who(request.POST)
    try:
        phone.react(who, request.POST.get("about", ""), SIGN)
    except phone.NotThere:
        raise Http404 from None
    except phone.Silent:
        return _page(request, who, status=503)
    return redirect(_address(who, name=_name(request.POST)))


@require_POST
@on_the_demo
def choices(request: HttpRequest) -> HttpResponse:
    """A tap on an option that the desk offers: `choice` is the message's id, a space, the option's."""
    who = _who(request.POST)
    about, _space, option = request.POST.get("choice", "").partition(" ")
    try:
        phone.choose(who, about, option)
    except phone.NotThere:
        raise Http404 from None
    except phone.Silent:
        return _page(request, who, status=503)
    return redirect(_address(who, name=_name(request.POST)))


@require_POST
@on_the_demo
def reading(request: HttpRequest) -> HttpResponse:
    """The chat is in front of somebody's eyes: the desk hears that it was read."""
    try:
        phone.open_chat(_who(request.POST))
    except phone.Silent:
        return HttpResponse(status=503)
    return HttpResponse(status=204)


@require_POST
@on_the_demo
def a_day(request: HttpRequest) -> HttpResponse:
    """Let a day go by: the chat is older on the phone, and shut at the desk."""
    who, number = _who(request.POST), chats.number()
    try:
        phone.let_a_day_pass(who)
    except phone.Silent:
        return _page(request, who, status=503)
    if number is not None:
        close_window(number.pk, who)
    return redirect(_address(who, name=_name(request.POST)))


@require_GET
@on_the_demo
def photo(request: HttpRequest, media: str) -> HttpResponse:
    """A picture of the chat; anything else is a download."""
    try:
        content = phone.file(_who(request.GET), media)
    except (phone.NotThere, phone.Silent):
        raise Http404 from None
    kind = content_type(content[:4096])
    shown = kind in SAFE_IMAGES
    headers = {
        "Content-Disposition": "inline" if shown else "attachment",
        "Content-Security-Policy": FILE,
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, max-age=3600",
    }
    return HttpResponse(content, content_type=kind if shown else "application/octet-stream", headers=headers)


def _who(given: Any) -> str:
    """The number that is played, as digits; empty when nobody's is. Raises Http404."""
    who = str(given.get("as", ""))
    if who and not (who.isascii() and who.isdigit() and len(who) <= 15):
        raise Http404
    return who


def _name(given: Any) -> str:
    return str(given.get("name", ""))[:120].strip()


def _address(who: str, **more: str) -> str:
    values = {"as": who, **{name: value for name, value in more.items() if value}}
    return f"{reverse('demo:phone')}?{urlencode(values)}"


def _chat(request: HttpRequest, who: str) -> dict[str, Any]:
    """What the bubbles need. Raises phone.Silent."""
    given = request.POST if request.method == "POST" else request.GET
    found = phone.chat(who)
    known = dict(chats.PHONES.values())
    name = _name(given) or found.name or known.get(who, "") or f"+{who}"
    mine = Ticket.objects.filter(conversation__address=who, trashed_at=None).order_by("-pk")
    return {
        "chat": found,
        "name": name,
        "page_address": _address(who, name=name),
        "quoted": found.bubble(given.get("quotes", "")),
        "numbers": list(mine.values_list("number", flat=True)[:TICKETS]),
        "agent": AGENT,
    }


def _page(
    request: HttpRequest,
    who: str,
    *,
    somebody: NumberForm | None = None,
    form: ChatForm | None = None,
    status: int = 200,
) -> HttpResponse:
    silent, shown, unread = False, {}, {}
    try:
        unread = phone.unread()
        shown = _chat(request, who) if who else {}
    except phone.Silent:
        silent = True
    played = {chats.PHONES[slug]: slug for slug in PLAYED}
    homes = {customer.domain: customer.name for customer in company.CUSTOMERS}
    domains = {each.slug: each.email.rpartition("@")[2] for each in company.PEOPLE}
    context = {
        "who": who,
        "chat": None,
        "name": _name(request.POST or request.GET) or dict(chats.PHONES.values()).get(who, f"+{who}"),
        "agent": AGENT,
        "people": [
            {
                "name": name,
                "home": homes.get(domains.get(slug, ""), "") or f"+{number}",
                "address": _address(number),
                "current": number == who,
                "unread": unread.get(number, 0) if number != who else 0,
            }
            for (number, name), slug in played.items()
        ],
        "known": who in {number for number, _name in played},
        "page_address": _address(who),
        "silent": silent,
        "somebody": somebody or NumberForm(),
        "form": form or ChatForm(),
        **shown,
    }
    return render(request, "demo/phone.html", context, status=503 if silent and status == 200 else status)
