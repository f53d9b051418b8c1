"""What our mails say: each in each language, with a preview and a mail to try it."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.kit.once import accepted
from deskbell.notifications import actions, mail, texts
from deskbell.notifications.letterhead import LOGO_ID
from deskbell.notifications.models import MailText
from deskbell.people import permissions
from deskbell.people.queries import company
from deskbell.people.reader import reading
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show
from deskbell.tickets.serving import FRAME

#: of the frame that shows the mail, with the logo in it
POLICY = FRAME.format(images=" data:")


class TextForm(forms.Form):
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=200)
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=20_000,
        strip=False,
        help_text=gettext_lazy("Markdown works. An empty line begins a new paragraph."),
        widget=forms.Textarea(attrs={"rows": 12}),
    )

    def clean_subject(self) -> str:
        return " ".join(self.cleaned_data["subject"].replace("\0", "").split())

    def clean_text(self) -> str:
        text: str = self.cleaned_data["text"].replace("\0", "").replace("\r\n", "\n").strip()
        if not text:
            raise ValidationError(_("Say something, or take Deskbell’s own words back."))
        return text

    def refuse(self, error: actions.UnknownVariables) -> None:
        """Say what the action found wrong beside its field."""
        braced = [f"{{{{{name}}}}}" for name in error.names]
        names = {"names": ", ".join(braced)}
        if isinstance(error, actions.MissingVariables):
            needed = _("This mail is sent for the sake of %(names)s: put it back in.")
            self.add_error("text", ValidationError(needed, params=names))
            return
        of_text = any(name in self.data.get("text", "") for name in error.names)
        said = _("Not a variable here: %(names)s. The known ones are listed beside the text.")
        self.add_error("text" if of_text else "subject", ValidationError(said, params=names))


@require_safe
@permitted(permissions.SETUP)
def list_texts(request: Request) -> HttpResponse:
    own = defaultdict(set)
    for key, language in MailText.objects.values_list("mail", "language"):
        own[key].add(language)
    groups = [
        (_("To customers"), [each for each in texts.MAILS.values() if not each.to_staff]),
        (_("To staff"), [each for each in texts.MAILS.values() if each.to_staff]),
    ]
    return show(request, "texts.html", {"groups": groups, "own": own, "languages": _languages()})


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def text(request: Request, key: str, language: str) -> HttpResponse:
    _known(key, language)
    form = TextForm(request.POST if request.method == "POST" else None, initial=_initial(key, language))
    if form.is_bound and form.is_valid():
        try:
            actions.change_text(key, language, by=request.user, **form.cleaned_data)
        except actions.UnknownVariables as error:
            form.refuse(error)
        else:
            messages.success(request, _("Saved. From now on the mail says this."))
            return accepted(redirect("setup:text", key, language), request)
    return _form_page(request, key, language, form)


def _form_page(request: Request, key: str, language: str, form: TextForm, *, tried: str = "") -> HttpResponse:
    one = texts.MAILS[key]
    context = {
        "mail": one,
        "form": form,
        "code": language,
        "languages": _languages(),
        "own": MailText.objects.filter(mail=key, language=language).exists(),
        "variables": [(f"{{{{{name}}}}}", texts.VARIABLES[name]) for name in one.variables],
        "tried": tried,
    }
    return show(request, "text.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def preview(request: Request, key: str, language: str) -> HttpResponse:
    """The mail as it would look, saved or as it stands in the form, for a sandboxed frame."""
    _known(key, language)
    with reading(language=language):
        sample = mail.sample(key, _typed(request, key, language), request.user)
    page = sample["html"].replace(f"cid:{LOGO_ID}", _logo())
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return HttpResponse(page, headers=headers)


def _logo() -> str:
    """The logo within its own address: a sandboxed frame may fetch nothing."""
    blob = company().logo
    return "" if blob is None else f"data:image/png;base64,{b64encode(blob.path.read_bytes()).decode()}"


@require_POST
@permitted(permissions.SETUP)
def trial(request: Request, key: str, language: str) -> HttpResponse:
    """Send the mail, as it stands in the form, to who asks for it; the form keeps what was typed."""
    _known(key, language)
    form, tried = TextForm(request.POST), ""
    if form.is_valid() and request.user.email:
        typed = form.cleaned_data["subject"], form.cleaned_data["text"]
        mail.put_sample(key, language, typed, request.user)
        tried = request.user.email
    if request.headers.get("HX-Request"):
        context = {"form": form, "tried": tried}
        return render(request, "setup/_text_tried.html", context, status=422 if form.errors else 200)
    return _form_page(request, key, language, form, tried=tried)


@require_POST
@permitted(permissions.SETUP)
def reset(request: Request, key: str, language: str) -> HttpResponse:
    _known(key, language)
    actions.reset_text(key, language, by=request.user)
    messages.success(request, _("The mail says again what Deskbell says."))
    return redirect("setup:text", key, language)


def _known(key: str, language: str) -> texts.Mail:
    if key not in texts.MAILS or language not in dict(settings.LANGUAGES):
        raise Http404
    return texts.MAILS[key]


def _languages() -> list[tuple[str, str]]:
    """(code, name), that of the company first."""
    ours = company().language
    return sorted(((code, str(name)) for code, name in settings.LANGUAGES), key=lambda one: one[0] != ours)


def _initial(key: str, language: str) -> dict[str, Any]:
    with reading(language=language):
        subject, text = texts.text_of(key, language)
    return {"subject": subject, "text": text}


def _typed(request: Request, key: str, language: str) -> tuple[str, str]:
    stored = _initial(key, language)
    if request.method != "POST":
        return stored["subject"], stored["text"]
    given = {name: request.POST.get(name, "")[:20_000].replace("\0", "") for name in ("subject", "text")}
    return given["subject"], given["text"].replace("\r\n", "\n")
