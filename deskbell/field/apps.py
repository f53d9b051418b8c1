from django.apps import AppConfig


class FieldConfig(AppConfig):
    name = "deskbell.field"
    label = "field"
    verbose_name = "Field"
