"""The way in on the phone, and what the phone needs to put it on its home screen."""

from __future__ import annotations

from allauth.account import views as library
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse_lazy
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe


class SignIn(library.LoginView):
    """The sign-in library's view in a shape for thumbs; leads to the phone page."""

    template_name = "field/signin.html"
    success_url = reverse_lazy("field:tickets")


class SignInCode(library.RequestLoginCodeView):
    template_name = "field/signin_code.html"


sign_in = SignIn.as_view()
sign_in_code = SignInCode.as_view()


@require_safe
@cache_control(max_age=3600, public=True)
def manifest(request: HttpRequest) -> HttpResponse:
    """https://www.w3.org/TR/appmanifest/"""
    return render(request, "field/manifest.json", content_type="application/manifest+json")
