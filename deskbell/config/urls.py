from __future__ import annotations

from django.urls import include, path

from deskbell.config.health import readyz
from deskbell.portal.views.home import home

urlpatterns = [
    path("", home, name="home"),
    path("readyz", readyz, name="readyz"),
    path("", include("deskbell.account.urls")),
    path("portal/", include("deskbell.portal.urls")),
    path("desk/", include("deskbell.desk.urls")),
    path("setup/", include("deskbell.setup.urls")),
    path("live/", include("deskbell.realtime.urls")),
    path("api/v1/", include("deskbell.api.urls")),
]
