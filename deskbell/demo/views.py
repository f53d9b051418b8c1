"""Pages that exist on a demo desk alone: one click into a role, playing the customer, the reset."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage
from functools import wraps
from html import escape
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth import login
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header, url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from deskbell.channels.actions import FormClosed
from deskbell.demo import company, mailbox, resetting, world, writing
from deskbell.demo.forms import LetterForm, SomebodyForm
from deskbell.events.once import KeyReused, once
from deskbell.files.actions import TooBig
from deskbell.files.models import SAFE_IMAGES
from deskbell.files.sniff import content_type
from deskbell.kit.html import clean_mail
from deskbell.kit.once import accepted, key_of, new_key
from deskbell.people.addresses import BadAddress, email_key
from deskbell.people.models import Identity, User
from deskbell.tickets.serving import FILE, FRAME, PAGE

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"
#: customers one may play at a click: slugs of `company.PEOPLE`
PLAYED = ("customer", "noor", "doug", "aneta", "imogen", "mattis")
#: the role that opens the desk beside the customer
AGENT = next(person.email for person in company.STAFF if person.slug == "agent")

#: what a mail's frame may: links open in a window of their own, and the page around it reads its height
SANDBOX = "sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin"

View = Callable[..., HttpResponse]


def on_the_demo(view: View) -> View:
    """404 unless the demo company was made in this very database."""

    @wraps(view)
    def guarded(request: HttpRequest, **values: Any) -> HttpResponse:
        if world.made_at() is None:
            raise Http404
        return view(request, **values)

    return never_cache(guarded)


# --- signing in -----------------------------------------------------------------------------------


@require_POST
@on_the_demo
def sign_in(request: HttpRequest) -> HttpResponse:
    """Become one of the demo's people, without a password."""
    given = request.POST.get("email", "")
    if given not in {each["email"] for each in world.sign_ins()}:
        raise Http404
    user = get_object_or_404(User, email=given, is_active=True)
    login(request, user, backend=BACKEND)
    target = request.POST.get("next", "")
    safe = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return redirect(target if safe else "/")


# --- playing the customer ---------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@on_the_demo
def customer(request: HttpRequest) -> HttpResponse:
    """The page. A POST names somebody new to play."""
    if request.method == "POST":
        form = SomebodyForm(request.POST)
        if form.is_valid():
            return redirect(_address(form.cleaned_data["address"], name=form.cleaned_data["name"]))
        return _page(request, "", somebody=form, status=422)
    return _page(request, _played(request.GET))


@require_GET
@on_the_demo
def box(request: HttpRequest) -> HttpResponse:
    """The mails alone, or 204 while nothing has changed since `stamp`."""
    address = _played(request.GET)
    context = _box(request, address)
    if request.GET.get("stamp") == context["stamp"]:
        return HttpResponse(status=204)
    return render(request, "demo/_box.html", context)


@require_POST
@on_the_demo
def letters(request: HttpRequest) -> HttpResponse:
    """Send one: a mail, an answer to the newest mail of `thread`, or the web form."""
    address = _played(request.POST)
    thread = _thread(mailbox.threads(address), request.POST.get("thread", ""))
    form = LetterForm(request.POST, answering=thread is not None)
    if form.is_valid() and thread and not thread.answerable:
        form.add_error(None, _("The desk has not written back yet. Wait a moment, then send again."))
    if not form.is_valid():
        return _page(request, address, letter=form, status=422)
    answered = mailbox.answered(thread.answerable, address) if thread and thread.answerable else None
    try:
        opened = _send(request, address, form.cleaned_data, answered)
    except KeyReused:
        form.add_error(
            None, _("This form was sent before with another text. Send it again if you mean both.")
        )
    except TooBig:
        form.add_error(None, _("That file is too big."))
    except FormClosed:
        form.add_error(None, _("The web form is switched off. Write a mail."))
    else:
        shown = thread.key if thread else opened
        return accepted(redirect(_address(address, name=_name(request.POST), thread=shown)), request)
    return _page(request, address, letter=form, status=422)


def _send(request: HttpRequest, address: str, cleaned: dict[str, Any], answered: EmailMessage | None) -> str:
    """Send it once; returns the key of its thread."""
    key, files = key_of(request) or new_key(), request.FILES.getlist("files")
    words = {"subject": cleaned["subject"].strip(), "text": cleaned["text"]}
    person = {"name": _name(request.POST) or address, "address": address}

    def act() -> str:
        if cleaned["how"] == "form" and answered is None:
            return f"item-{writing.fill_form(**person, **words, files=files)}"
        sent = writing.send_mail(
            name=person["name"], address=address, **words, files=files, key=key, answers=answered
        )
        return f"item-{sent}"

    content = {**words, **person, "how": cleaned["how"], "files": [_facts(file) for file in files]}
    return str(once("demo.letter", key, content, act)[0])


def _facts(file: UploadedFile) -> list[object]:
    return [file.name, file.size]


def _played(given: Any) -> str:
    """The address of the customer who is played; empty when nobody is. Raises Http404."""
    address = given.get("as", "")
    try:
        return email_key(address) if address else ""
    except BadAddress:
        raise Http404 from None


def _name(given: Any) -> str:
    return str(given.get("name", ""))[:120].strip()


def _address(address: str, **more: str) -> str:
    values = {"as": address, **{name: value for name, value in more.items() if value}}
    return f"{reverse('demo:customer')}?{urlencode(values)}"


def _page(
    request: HttpRequest,
    address: str,
    *,
    somebody: SomebodyForm | None = None,
    letter: LetterForm | None = None,
    status: int = 200,
) -> HttpResponse:
    played = {person.slug: person for person in company.PEOPLE}
    homes = {customer.domain: customer.name for customer in company.CUSTOMERS}
    context = {
        **_box(request, address),
        "people": [
            {
                "name": played[slug].name,
                "home": homes.get(played[slug].email.rpartition("@")[2], ""),
                "address": _address(played[slug].email),
                "current": played[slug].email == address,
            }
            for slug in PLAYED
        ],
        "known": address in {played[slug].email for slug in PLAYED},
        "somebody": somebody or SomebodyForm(),
        "letter": letter or LetterForm(initial={"how": "mail"}),
        "writing": letter is not None or "write" in request.GET,
    }
    return render(request, "demo/customer.html", context, status=status)


def _box(request: HttpRequest, address: str) -> dict[str, Any]:
    """The customer, his threads and the one that is open."""
    given = request.POST if request.method == "POST" else request.GET
    found = mailbox.threads(address) if address else []
    chosen = _thread(found, given.get("thread", ""))
    name = _name(given)
    if address and not name:
        owner = Identity.objects.filter(kind="email", key=address).select_related("user").first()
        name = (owner.user.name if owner else "") or address.partition("@")[0]
    return {
        "address": address,
        "name": name,
        "threads": found,
        "chosen": chosen,
        "page_address": _address(address, name=name),
        "stamp": mailbox.stamp(found),
        "agent": AGENT,
        "enters": address in {each["email"] for each in world.sign_ins()},
        "support": company.SUPPORT,
    }


def _thread(found: list[mailbox.Thread], wanted: str) -> mailbox.Thread | None:
    return next((thread for thread in found if wanted in thread.names), None)


@require_GET
@on_the_demo
def mail_html(request: HttpRequest, stem: str) -> HttpResponse:
    """A received mail as it was formatted, cleaned, for a sandboxed frame."""
    mail = _mail(request, stem)
    files = {str(part.get("Content-ID", "")).strip("<> "): n for n, part in enumerate(mailbox.files_of(mail))}

    def picture(content_id: str) -> str | None:
        if content_id not in files:
            return None
        where = reverse("demo:mail-file", kwargs={"stem": stem, "number": files[content_id]})
        return f"{where}?{urlencode({'as': _played(request.GET)})}"

    body = clean_mail(mailbox.html_of(mail), cid=picture).html
    page = PAGE.format(title=escape(str(mail["Subject"] or "")), body=body)
    policy = FRAME.format(images="").replace("sandbox", SANDBOX, 1)
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(page, headers=headers)


@require_GET
@on_the_demo
def mail_file(request: HttpRequest, stem: str, number: int) -> HttpResponse:
    """A file of a received mail; safe images may be looked at."""
    files = mailbox.files_of(_mail(request, stem))
    if number >= len(files):
        raise Http404
    part = files[number]
    content = part.get_content()
    data = content if isinstance(content, bytes) else str(content).encode()
    kind = content_type(data[:4096])
    shown = kind in SAFE_IMAGES
    headers = {
        "Content-Disposition": content_disposition_header(not shown, part.get_filename() or "")
        or "attachment",
        "Content-Security-Policy": FILE,
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(data, content_type=kind if shown else "application/octet-stream", headers=headers)


def _mail(request: HttpRequest, stem: str) -> EmailMessage:
    mail = mailbox.mail(_played(request.GET), stem)
    if mail is None:
        raise Http404
    return mail


# --- reset ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@on_the_demo
def reset(request: HttpRequest) -> HttpResponse:
    """Say what it does; a POST does it. Whoever was signed in is signed out by it."""
    if request.method != "POST":
        return render(request, "demo/reset.html", {"made_at": world.made_at()})
    try:
        resetting.in_a_process()
    except resetting.Failed:
        messages.error(request, _("The reset did not work, and nothing was changed. Try again in a moment."))
        return redirect("demo:reset")
    messages.success(request, _("The demo is as on its first day. Sign in again to go on."))
    return redirect("account_login")
