from django.apps import AppConfig


class SearchConfig(AppConfig):
    name = "deskbell.search"
    label = "search"
    verbose_name = "Search"

    def ready(self) -> None:
        from deskbell.search.queries import words_condition  # app-ready: models load after the configuration
        from deskbell.tickets.conditions import register_property

        register_property("words", to_q=words_condition)
