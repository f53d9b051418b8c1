"""Answers to requests that Django refuses before a view of ours sees them."""

from __future__ import annotations

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form is older than the sign-in it was made for. The browser keeps what was typed (keep.js)."""
    return render(request, "403_form.html", {"back": request.get_full_path()}, status=HTTPStatus.FORBIDDEN)
