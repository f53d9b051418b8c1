from django.apps import AppConfig

from deskbell.kit import jinja


class RealtimeConfig(AppConfig):
    name = "deskbell.realtime"
    label = "realtime"
    verbose_name = "Live updates"

    def ready(self) -> None:
        from deskbell.realtime.views import of_page  # app-ready: it reads models

        jinja.PROVIDED["live_token"] = of_page
