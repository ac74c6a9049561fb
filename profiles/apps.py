from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ProfilesConfig(AppConfig):
    name = "profiles"
    verbose_name = _("Profiles")

    def ready(self) -> None:
        from profiles import audience_fields, checks, holders, holding, import_holding, ledger, timeline, timeline_parts

        post_migrate.connect(ledger.install_after_migrate, sender=self)
        audience_fields.install()
        register(checks.ledger_is_guarded, Tags.database)
        for holder in [*holding.HOLDERS, import_holding.ImportFileHolder()]:
            holders.register(holder)
        timeline.register(timeline_parts.CONSENT)
        timeline.register(timeline_parts.SUBSCRIPTIONS)
