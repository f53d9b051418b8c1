from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "deskbell.portal"
    label = "portal"
    verbose_name = "Portal"
