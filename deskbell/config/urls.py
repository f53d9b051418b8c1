from __future__ import annotations

from django.conf import settings
from django.urls import include, path

from deskbell.api import hooks
from deskbell.config import health
from deskbell.config.health import readyz
from deskbell.portal.views.home import home
from deskbell.setup import system

#: the setup's System page says what `deskbell check` says; it may not look up here itself
system.LOOKS[:] = [lambda: health.findings(health.ALL)]

urlpatterns = [
    path("", home, name="home"),
    path("readyz", readyz, name="readyz"),
    path("", include("deskbell.account.urls")),
    path("portal/", include("deskbell.portal.urls")),
    path("desk/", include("deskbell.desk.urls")),
    path("field/", include("deskbell.field.urls")),
    path("setup/", include("deskbell.setup.urls")),
    path("live/", include("deskbell.realtime.urls")),
    path("channels/mail/<uuid:channel>/", hooks.mail, name="mail_push"),
    path("channels/whatsapp/<uuid:channel>/", hooks.whatsapp, name="whatsapp_webhook"),
    path("channels/whatsapp-web/<uuid:channel>/", hooks.whatsapp_web, name="whatsapp_web_events"),
    path("api/v1/", include("deskbell.api.urls")),
]

if settings.DEMO:
    urlpatterns.append(path("demo/", include("deskbell.demo.urls")))
