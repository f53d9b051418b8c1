from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from deskbell.people.devices import device_of
from deskbell.people.rights import rights_of
from deskbell.realtime.live import live_token
from deskbell.realtime.topics import topics_of


@require_GET
@never_cache
def token(request: HttpRequest) -> JsonResponse:
    """A fresh token for `/live`, with the rights of this moment: `{"token": text}`; 401 when signed out."""
    if not request.user.is_authenticated:
        return JsonResponse({"detail": _("You are signed out.")}, status=401)
    return JsonResponse({"token": of_page(request)})


def of_page(request: HttpRequest) -> str:
    """The token that a page carries for its own stream; empty when signed out, and for who looks as somebody
    else.
    """
    user = getattr(request, "user", None)
    if not user or not user.is_authenticated or user.viewed_by:
        return ""
    return live_token(user.pk, topics_of(user), read_at=rights_of(user).read_at, device=device_of(request))
