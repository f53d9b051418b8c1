"""My account: the WhatsApp numbers by which one may sign in. A code sent to one shows whose it is."""

from __future__ import annotations

import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core.internal.cryptokit import compare_user_code
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deskbell.account import whatsapp
from deskbell.account.access import Request, own
from deskbell.account.codes import confirmed
from deskbell.account.forms import CodeForm
from deskbell.channels.actions import whatsapp_codes
from deskbell.kit import limits
from deskbell.people import actions
from deskbell.people.models import Identity, User

#: session key: the number that waits for its code
WAITING = "number"
TRIES = 3


class NumberForm(forms.Form):
    phone = whatsapp.NumberField()


def has_page(user: User) -> bool:
    """For the menu: whoever could sign in by WhatsApp."""
    return whatsapp_codes.are_offered()


@require_http_methods(["GET", "HEAD", "POST"])
@own
@confirmed
def numbers(request: Request) -> HttpResponse:
    """One's numbers. A POST sends a code to another one."""
    if not whatsapp_codes.are_offered():
        return redirect("account_profile")
    form = NumberForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        digits = form.cleaned_data["phone"]
        per_person = limits.NUMBER.count(request, key=str(request.user.pk)) is not None
        if per_person and whatsapp.count(request, digits):
            _send(request, whatsapp_codes.as_known(digits))
            return redirect("account_number_confirm")
        form.add_error("phone", _("That was tried too often. Wait a few minutes."))
    rows = Identity.objects.filter(user=request.user, kind=Identity.Kind.WA_ID).order_by("pk")
    signing_in = [each for each in rows if _signs_in(each)]
    context = {"form": form, "rows": rows, "signing_in": signing_in}
    return render(request, "account/numbers.html", context, status=422 if form.errors else 200)


def _signs_in(number: Identity) -> bool:
    found = whatsapp_codes.number_of(number.key) if number.proven_at else None
    return found is not None and found.pk == number.pk


def _send(request: Request, digits: str) -> None:
    code = get_adapter().generate_login_code()
    request.session[WAITING] = {"digits": digits, "code": code, "at": time.time(), "failed": 0}
    language = request.user.language or translation.get_language()
    whatsapp_codes.put_code(digits, code, language=language, kind=whatsapp_codes.PROOF)


def _waiting(request: Request) -> dict[str, Any] | None:
    found = request.session.get(WAITING)
    if found and time.time() - found["at"] > settings.ACCOUNT_LOGIN_BY_CODE_TIMEOUT:
        request.session.pop(WAITING)
        return None
    return found


@require_http_methods(["GET", "HEAD", "POST"])
@own
@confirmed
def confirm(request: Request) -> HttpResponse:
    """The code that was sent to the number."""
    waiting = _waiting(request)
    if waiting is None:
        messages.info(request, _("No code waits for you any more. Send a new one."))
        return redirect("account_numbers")
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if compare_user_code(actual=form.cleaned_data["code"], expected=waiting["code"]):
            return _take(request, waiting["digits"])
        waiting["failed"] += 1
        request.session[WAITING] = waiting
        if waiting["failed"] >= TRIES:
            request.session.pop(WAITING)
            messages.error(request, _("That was the wrong code too often. Please start again."))
            return redirect("account_numbers")
        form.add_error("code", _("That is not the code we sent."))
    context = {"form": form, "number": f"+{waiting['digits']}"}
    return render(request, "account/number_confirm.html", context, status=422 if form.errors else 200)


def _take(request: Request, digits: str) -> HttpResponse:
    request.session.pop(WAITING)
    user, proof = request.user, Identity.Proof.CODE
    if actions.bind_whatsapp(user, wa_id=digits, bsuid="", scope="", proof=proof, by=user):
        said = _("From now on you can sign in by WhatsApp with %(number)s.")
        messages.success(request, said % {"number": f"+{digits}"})
    else:
        said = _("%(number)s belongs to another account here. Ask the people who run this desk.")
        messages.error(request, said % {"number": f"+{digits}"})
    return redirect("account_numbers")


@require_POST
@own
def removal(request: Request, pk: int) -> HttpResponse:
    """The number signs in no more; the chats by it stay."""
    number = get_object_or_404(Identity, pk=pk, user=request.user, kind=Identity.Kind.WA_ID)
    actions.doubt_whatsapp(request.user, number.key, by=request.user)
    messages.success(request, _("%(number)s signs nobody in any more.") % {"number": number.given})
    return redirect("account_numbers")
