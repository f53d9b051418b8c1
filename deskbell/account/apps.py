from django.apps import AppConfig

from deskbell.kit import jinja


class AccountConfig(AppConfig):
    name = "deskbell.account"
    label = "deskbell_account"  # "account" is the sign-in library's
    verbose_name = "Account"

    def ready(self) -> None:
        # app-ready: the models load first, the library's too
        from deskbell.account import receivers  # noqa: F401
        from deskbell.account.menu import menu_of
        from deskbell.account.single_sign_on import providers
        from deskbell.account.whatsapp import are_offered

        jinja.PROVIDED["account_menu"] = menu_of
        jinja.PROVIDED["identity_providers"] = providers
        jinja.PROVIDED["whatsapp_codes"] = are_offered
