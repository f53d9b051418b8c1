"""What everybody at the desk sets for himself: his signature, and a sound (kept by the browser)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from deskbell.desk.access import desk, person
from deskbell.desk.forms import SignatureForm
from deskbell.desk.pages import page
from deskbell.kit.once import accepted
from deskbell.people import actions as people
from deskbell.people.models import User


@require_http_methods(["GET", "POST"])
@desk
def me(request: HttpRequest) -> HttpResponse:
    user = User.objects.get(pk=person(request).pk)
    form = SignatureForm(request.POST or None, initial={"signature": user.signature})
    if form.is_bound and form.is_valid():
        people.change_person(user, by=user, signature=form.cleaned_data["signature"])
        messages.success(request, _("Saved."))
        return accepted(redirect("desk:me"), request)
    return page(request, "desk/me.html", {"form": form}, status=422 if form.is_bound else 200)
