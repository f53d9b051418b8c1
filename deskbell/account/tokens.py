"""API tokens of one's own: shown once when they are made, revoked at once."""

from __future__ import annotations

from datetime import timedelta

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.account.access import Request, own
from deskbell.events.once import KeyReused, once
from deskbell.kit.once import key_of, new_key
from deskbell.people import actions
from deskbell.people.queries import tokens_of


class TokenForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("What is it for?"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    lasts = forms.TypedChoiceField(
        label=gettext_lazy("Works for"),
        coerce=int,
        choices=[
            (30, gettext_lazy("30 days")),
            (90, gettext_lazy("90 days")),
            (365, gettext_lazy("A year")),
            (0, gettext_lazy("Until I revoke it")),
        ],
        initial=90,
    )
    read_only = forms.BooleanField(label=gettext_lazy("May only read"), required=False, initial=True)


@require_http_methods(["GET", "HEAD", "POST"])
@own
def tokens(request: Request) -> HttpResponse:
    form = TokenForm(request.POST if request.method == "POST" else None)
    made = ""
    if form.is_valid():
        made = _make(request, form)
        if not made:  # a second click: the first answer showed it
            messages.info(request, _("This token was made already, and shown once."))
            return redirect("account_tokens")
    context = {
        "form": TokenForm() if made else form,
        "tokens": tokens_of(request.user),
        "made": made,
        "now": timezone.now(),
    }
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "account/tokens.html", context, status=status)


def _make(request: Request, form: TokenForm) -> str:
    """The token's text; empty when this form was sent before. It is in no table and in no session."""
    made: list[str] = []
    given = form.cleaned_data
    expires_at = timezone.now() + timedelta(days=given["lasts"]) if given["lasts"] else None

    def act() -> bool:
        token = actions.create_token(
            request.user,
            name=given["name"],
            read_only=given["read_only"],
            expires_at=expires_at,
            by=request.user,
        )
        made.append(token)
        return True

    try:
        once(f"account.token:{request.user.pk}", key_of(request) or new_key(), given, act)
    except KeyReused:
        return ""
    return made[0] if made else ""


@require_POST
@own
def token_removal(request: Request, pk: int) -> HttpResponse:
    token = tokens_of(request.user).filter(pk=pk).first()
    if token is not None:
        actions.revoke_token(token, by=request.user)
        messages.success(request, _("“%(name)s” no longer works.") % {"name": token.name})
    return redirect("account_tokens")
