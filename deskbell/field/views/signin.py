"""The way in on the phone, and what the phone needs to put it on its home screen."""

from __future__ import annotations

from typing import Any

from allauth.account import views as library
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from deskbell.people.devices import begin_on_the_phone


class OnThePhone:
    """Notes how the sign-in begins: the phone stays signed in unless the tick is taken away."""

    request: HttpRequest

    def form_valid(self, form: Form) -> HttpResponse:
        begin_on_the_phone(self.request, stay="stay" in self.request.POST)
        return super().form_valid(form)  # type: ignore[misc]

    def get_context_data(self, **named: Any) -> dict[str, Any]:
        stays = self.request.method != "POST" or "stay" in self.request.POST
        return super().get_context_data(**named, stays=stays)  # type: ignore[misc]


class SignIn(OnThePhone, library.LoginView):
    """The sign-in library's view in a shape for thumbs; leads to the phone page."""

    template_name = "field/signin.html"
    success_url = reverse_lazy("field:tickets")


class SignInCode(OnThePhone, library.RequestLoginCodeView):
    template_name = "field/signin_code.html"


sign_in = SignIn.as_view()
sign_in_code = SignInCode.as_view()


@require_safe
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest) -> HttpResponse:
    """https://www.w3.org/TR/appmanifest/"""
    return render(request, "field/manifest.json", content_type="application/manifest+json")
