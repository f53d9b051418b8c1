from django.apps import AppConfig
from django.db.models.signals import post_migrate

from deskbell.kit.jinja import PROVIDED, SHARED


class PeopleConfig(AppConfig):
    name = "deskbell.people"
    label = "people"
    verbose_name = "People"

    def ready(self) -> None:
        # app-ready: models load after the configuration
        from deskbell.people.companies import company
        from deskbell.people.rules import manages_organization, reads_only
        from deskbell.people.seed import ensure
        from deskbell.people.viewing import viewed

        SHARED["company"] = company
        PROVIDED["viewed"] = viewed
        SHARED["reads_only"] = reads_only
        SHARED["manages_organization"] = manages_organization
        post_migrate.connect(ensure, sender=self)
