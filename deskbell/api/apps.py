from django.apps import AppConfig


class ApiConfig(AppConfig):
    name = "deskbell.api"
    label = "api"
    verbose_name = "API"
