"""Senders: who is blocked, and who is always welcome."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.channels import actions
from deskbell.channels.actions.senders import sender_key
from deskbell.channels.models import SenderRule
from deskbell.kit.once import accepted
from deskbell.people import permissions
from deskbell.setup.access import Request, permitted
from deskbell.setup.pages import show
from deskbell.setup.paging import page

#: lines that may be given at once
MOST_AT_ONCE = 500
KINDS = [
    (SenderRule.Kind.BLOCK, gettext_lazy("Block: nothing of theirs becomes a ticket")),
    (
        SenderRule.Kind.ALLOW,
        gettext_lazy("Always welcome: never held back for their number, nor because their domain is blocked"),
    ),
]


class SendersForm(forms.Form):
    senders = forms.CharField(
        label=gettext_lazy("Addresses, domains or phone numbers"),
        max_length=100_000,
        help_text=gettext_lazy(
            "One a line. A domain such as example.com means all its addresses, and none of its subdomains. A "
            "number such as +44 7700 900555 is meant for WhatsApp."
        ),
        widget=forms.Textarea(attrs={"rows": 3, "autocomplete": "off", "spellcheck": "false"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("What shall happen"),
        choices=KINDS,
        initial=SenderRule.Kind.BLOCK,
        widget=forms.RadioSelect,
    )
    note = forms.CharField(label=gettext_lazy("Why"), max_length=200, required=False)

    def clean_senders(self) -> list[str]:
        given = [line.strip() for line in self.cleaned_data["senders"].splitlines() if line.strip()]
        if len(given) > MOST_AT_ONCE:
            raise ValidationError(_("At most %(most)d at once."), params={"most": MOST_AT_ONCE})
        wrong = []
        for one in given:
            try:
                sender_key(one)
            except actions.BadSender as error:
                wrong.append(str(error))
        if wrong:
            raise ValidationError(wrong)
        return list(dict.fromkeys(given))


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.SETUP)
def senders(request: Request) -> HttpResponse:
    initial = {"senders": request.GET.get("sender", "")[:320]}
    form = SendersForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_bound and form.is_valid() and _listed(form, request):
        return accepted(redirect("setup:senders"), request)
    words = request.GET.get("q", "").replace("\0", "").strip()[:200]
    rows = SenderRule.objects.filter(sender__contains=words.lower()) if words else SenderRule.objects.all()
    context: dict[str, Any] = {"form": form, "page": page(rows, request), "words": words}
    return show(request, "senders.html", context, status=422 if form.errors else 200)


def _listed(form: SendersForm, request: Request) -> bool:
    """Those that can be listed are; the form keeps the others, each with its reason."""
    refused: dict[str, str] = {}
    given = form.cleaned_data["senders"]
    for one in given:
        try:
            actions.list_sender(
                one, kind=form.cleaned_data["kind"], note=form.cleaned_data["note"], by=request.user
            )
        except actions.BadSender as error:
            refused[one] = str(error)
    listed = len(given) - len(refused)
    if listed:
        said = ngettext("%(number)d sender is listed.", "%(number)d senders are listed.", listed)
        messages.success(request, said % {"number": listed})
    if refused:
        left = request.POST.copy()
        left["senders"] = "\n".join(refused)
        form.data = left
        form.add_error("senders", ValidationError(list(refused.values())))
    return not refused


@require_POST
@permitted(permissions.SETUP)
def removal(request: Request, pk: int) -> HttpResponse:
    row = SenderRule.objects.filter(pk=pk).first()
    if row is not None:  # a second click finds it gone
        actions.unlist_sender(row, by=request.user)
        messages.success(request, _("“%(name)s” stands on no list any more.") % {"name": row.sender})
    return redirect("setup:senders")
