"""The one-time link of `deskbell user recover` for somebody who is locked out."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from deskbell.account.forms import RecoverForm
from deskbell.kit import limits
from deskbell.people import actions


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def recovery(request: HttpRequest, token: str) -> HttpResponse:
    """A new password, and no second factor any more."""
    try:
        person = actions.open_recovery_link(token).user
        form = RecoverForm(request.POST or None, person=person)
        if form.is_valid():
            user = actions.recover(token, password=form.cleaned_data["password"])
            record_authentication(request, user, "recovery")
            messages.success(request, _("Your password is changed, and your second factor is off."))
            return perform_login(request, user, redirect_url="/account/second-factor/")
    except actions.RecoveryLinkGone:
        if limits.LINK.count(request) is None:
            return render(request, "429.html", status=429)
        return render(request, "account/recovery_gone.html", status=410)
    context = {"form": form, "person": person}
    return render(request, "account/recovery.html", context, status=422 if form.is_bound else 200)
