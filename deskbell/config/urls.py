from __future__ import annotations

from importlib.util import find_spec

from django.urls import include, path

from deskbell.config.health import readyz
from deskbell.portal.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("readyz", readyz, name="readyz"),
]
for prefix, area in (
    ("", "account"),
    ("portal/", "portal"),
    ("desk/", "desk"),
    ("setup/", "setup"),
    ("live/", "realtime"),
    ("api/v1/", "api"),
):
    if find_spec(f"deskbell.{area}.urls"):
        urlpatterns.append(path(prefix, include(f"deskbell.{area}.urls")))
