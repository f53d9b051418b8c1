from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "deskbell.notifications"
    label = "notifications"
    verbose_name = "Notifications"
