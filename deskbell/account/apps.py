from django.apps import AppConfig


class AccountConfig(AppConfig):
    name = "deskbell.account"
    label = "deskbell_account"  # "account" is the sign-in library's
    verbose_name = "Account"

    def ready(self) -> None:
        from deskbell.account import receivers  # noqa: F401  app-ready: the library's models load first
