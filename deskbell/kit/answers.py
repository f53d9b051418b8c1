"""What every answer carries beside its content, so that a browser allows a page no more than it needs."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

#: what no page uses. Taking a photo in a form asks for no permission; passkeys may be used
UNUSED = (
    "accelerometer", "autoplay", "browsing-topics", "camera", "display-capture", "encrypted-media",
    "geolocation", "gyroscope", "hid", "idle-detection", "magnetometer", "microphone", "midi", "payment",
    "screen-wake-lock", "serial", "usb", "xr-spatial-tracking",
)  # fmt: skip
PERMISSIONS = "Permissions-Policy"
RESOURCE = "Cross-Origin-Resource-Policy"
HEADERS = {
    PERMISSIONS: ", ".join(f"{each}=()" for each in UNUSED),
    RESOURCE: "same-origin",
}


class AnswerHeaders:
    """Sets HEADERS where the view set no other value."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response
