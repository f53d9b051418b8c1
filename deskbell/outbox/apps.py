from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "deskbell.outbox"
    label = "outbox"
    verbose_name = "Outbox"
