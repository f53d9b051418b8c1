from django.apps import AppConfig


class FilesConfig(AppConfig):
    name = "deskbell.files"
    label = "files"
    verbose_name = "Files"
