from django.apps import AppConfig


class DemoConfig(AppConfig):
    name = "deskbell.demo"
    label = "demo"
    verbose_name = "Demo"
