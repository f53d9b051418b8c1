from django.apps import AppConfig
from django.db.models.signals import post_migrate


class TicketsConfig(AppConfig):
    name = "deskbell.tickets"
    label = "tickets"
    verbose_name = "Tickets"

    def ready(self) -> None:
        from deskbell.tickets.seed import ensure  # app-ready: models load after the configuration

        post_migrate.connect(ensure, sender=self)
