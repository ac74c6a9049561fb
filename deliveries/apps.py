from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DeliveriesConfig(AppConfig):
    name = "deliveries"
    verbose_name = _("Deliveries")

    def ready(self) -> None:
        from deliveries import guards, timeline_parts
        from profiles import timeline

        post_migrate.connect(guards.install_after_migrate, sender=self)
        register(guards.sums_are_guarded, Tags.database)
        timeline.register(timeline_parts.MESSAGES)
