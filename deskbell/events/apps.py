from importlib import import_module
from importlib.util import find_spec

from django.apps import AppConfig, apps


class EventsConfig(AppConfig):
    name = "deskbell.events"
    label = "events"
    verbose_name = "Events"

    def ready(self) -> None:
        for config in apps.get_app_configs():
            if config.name.startswith("deskbell.") and find_spec(f"{config.name}.receivers"):
                import_module(f"{config.name}.receivers")
