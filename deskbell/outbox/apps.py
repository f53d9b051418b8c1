from django.apps import AppConfig


class OutboxConfig(AppConfig):
    name = "deskbell.outbox"
    label = "outbox"
    verbose_name = "Outbox"

    def ready(self) -> None:
        from deskbell.outbox import reasons  # noqa: F401  its sentences are known from now on
