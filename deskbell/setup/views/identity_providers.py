"""Single sign-on: identity providers, who comes in by them, and whether they answer."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from deskbell.kit.once import accepted
from deskbell.people import actions, openid, permissions
from deskbell.people.models import IdentityProvider
from deskbell.setup.access import Request, permitted
from deskbell.setup.identity_provider_forms import IdentityProviderForm, roles_in, rows_for
from deskbell.setup.pages import show
from deskbell.setup.saving import saved_once, sent_before


@require_safe
@permitted(permissions.OWN)
def providers(request: Request) -> HttpResponse:
    rows = IdentityProvider.objects.annotate(people=Count("links")).order_by("name")
    return show(request, "identity_providers.html", {"rows": list(rows)})


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.OWN)
def new(request: Request) -> HttpResponse:
    if sent_before(request, "identity_provider"):
        return accepted(redirect("setup:identity_providers"), request)
    given = request.POST if request.method == "POST" else None
    form, rows = IdentityProviderForm(given), rows_for(given, None)
    if form.is_bound and form.is_valid() and rows.is_valid():
        made: list[int] = []

        def act() -> int:
            row = actions.save_identity_provider(form.given(roles_in(rows)), by=request.user)
            made.append(row.pk)
            return row.pk

        try:
            if saved_once(request, "identity_provider", form, act):
                if not made:
                    return accepted(redirect("setup:identity_providers"), request)
                messages.success(request, _("It is saved. Test it before people need it."))
                return accepted(redirect("setup:identity_provider", pk=made[0]), request)
        except actions.ProviderNameTaken:
            form.add_error("name", _("There is one of this name already."))
    return _page(request, None, form, rows)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.OWN)
def provider(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(IdentityProvider, pk=pk)
    given = request.POST if request.method == "POST" else None
    form, rows = IdentityProviderForm(given, provider=row), rows_for(given, row)
    if form.is_bound and form.is_valid() and rows.is_valid():
        try:
            actions.save_identity_provider(form.given(roles_in(rows)), provider=row, by=request.user)
        except actions.ProviderNameTaken:
            form.add_error("name", _("There is one of this name already."))
        else:
            messages.success(request, _("“%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
            return accepted(redirect("setup:identity_provider", pk=pk), request)
    return _page(request, row, form, rows)


@require_POST
@permitted(permissions.OWN)
def test(request: Request, pk: int) -> HttpResponse:
    """Ask the provider for what it publishes, now."""
    row = get_object_or_404(IdentityProvider, pk=pk)
    try:
        result = {"about": openid.tested(row), "wrong": ""}
    except openid.NotConfirmed as error:
        result = {"about": None, "wrong": str(error)}
    return _page(request, row, IdentityProviderForm(provider=row), rows_for(None, row), result=result)


def _page(
    request: Request, row: IdentityProvider | None, form: IdentityProviderForm, rows: Any, **more: Any
) -> HttpResponse:
    back = f"{settings.BASE_URL}{reverse('account_provider_back', args=[row.pk])}" if row else ""
    context = {"row": row, "form": form, "roles": rows, "back": back, "https": settings.HTTPS, "result": None}
    wrong = form.is_bound and (form.errors or not rows.is_valid())
    return show(request, "identity_provider.html", {**context, **more}, status=422 if wrong else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@permitted(permissions.OWN)
def removal(request: Request, pk: int) -> HttpResponse:
    row = get_object_or_404(IdentityProvider, pk=pk)
    if request.method != "POST":
        return show(request, "identity_provider_removal.html", {"row": row, "people": row.links.count()})
    actions.remove_identity_provider(row, by=request.user)
    messages.success(request, _("“%(name)s” is removed.") % {"name": row.name})
    return redirect("setup:identity_providers")
