from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "deskbell.kit"
    label = "kit"
    verbose_name = "Kit"
