from django.apps import AppConfig


class DeskConfig(AppConfig):
    name = "deskbell.desk"
    label = "desk"
    verbose_name = "Desk"
