"""The one-time link that `deskbell up` prints while nobody can set the desk up: it makes the owner."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from deskbell.account.forms import SignUpForm
from deskbell.kit import limits
from deskbell.kit.once import accepted
from deskbell.people import actions
from deskbell.people.addresses import email_key


@never_cache
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def first(request: HttpRequest, token: str) -> HttpResponse:
    try:
        actions.open_first_link(token)
        form = SignUpForm(request.POST or None)
        if form.is_valid():
            return _begin(request, token, form)
    except actions.FirstLinkGone:
        if limits.LINK.count(request) is None:
            return render(request, "429.html", status=429)
        return render(request, "account/first_gone.html", status=410)
    return render(request, "account/first.html", {"form": form}, status=422 if form.is_bound else 200)


def _begin(request: HttpRequest, token: str, form: SignUpForm) -> HttpResponse:
    """Sign the new owner in. Raises FirstLinkGone when another window was quicker."""
    try:
        user = actions.become_first(token, **form.cleaned_data)
    except actions.AddressTaken:
        form.add_error("email", _("Somebody signed up with this address before. Take another one."))
        return render(request, "account/first.html", {"form": form}, status=422)
    email = email_key(form.cleaned_data["email"])
    request.signed_in_by = "first_link"  # type: ignore[attr-defined]
    signed_in = perform_login(request, user, redirect_url="/setup/start/", signup=True, email=email)
    return accepted(signed_in, request)
