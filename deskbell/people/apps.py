from django.apps import AppConfig
from django.db.models.signals import post_migrate


class PeopleConfig(AppConfig):
    name = "deskbell.people"
    label = "people"
    verbose_name = "People"

    def ready(self) -> None:
        from deskbell.people.seed import ensure  # app-ready: models load after the configuration

        post_migrate.connect(ensure, sender=self)
