from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class QuarantineConfig(AppConfig):
    name = "quarantine"
    verbose_name = _("Quarantine")

    def ready(self) -> None:
        from profiles import holders, timeline
        from quarantine import holding, timeline_parts

        holders.register(holding.QuarantineHolder())
        timeline.register(timeline_parts.ADDRESSES)
