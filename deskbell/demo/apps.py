from django.apps import AppConfig
from django.utils.translation import gettext_lazy

from deskbell.kit import jinja


class DemoConfig(AppConfig):
    name = "deskbell.demo"
    label = "demo"
    verbose_name = "Demo"

    def ready(self) -> None:
        from deskbell.demo import everywhere  # app-ready: it reads models
        from deskbell.setup import trail  # app-ready

        jinja.PROVIDED["corner"] = everywhere.corner
        jinja.PROVIDED["ways_in"] = everywhere.ways_in
        made = gettext_lazy("made the demo company")
        trail.WORDS["demo.made"] = lambda event, names: str(made)
