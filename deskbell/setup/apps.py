from django.apps import AppConfig


class SetupConfig(AppConfig):
    name = "deskbell.setup"
    label = "setup"
    verbose_name = "Setup"
