from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class DeliveriesConfig(AppConfig):
    name = "deliveries"
    verbose_name = _("Deliveries")

    def ready(self) -> None:
        from deliveries import (
            audience_fields,
            audience_step,
            guards,
            holding,
            keyed,
            page_uses,
            pictures,
            timeline_parts,
            typologies,
        )
        from landingpages import media, usage
        from profiles import audience_views, holders, saved_audiences, timeline

        post_migrate.connect(keyed.keep_by_key_after_migrate, sender=self)
        post_migrate.connect(guards.install_after_migrate, sender=self)
        post_migrate.connect(typologies.install, sender=self)
        audience_fields.install()
        saved_audiences.USERS += [audience_step.uses, typologies.uses]
        usage.USERS.append(page_uses.uses)
        media.HOLDERS.append(pictures.held)
        audience_views.MAY_BUILD += [
            f"deliveries.{verb}_{model}" for model in ("delivery", "typologyrule") for verb in ("add", "change")
        ]
        register(guards.sums_are_guarded, Tags.database)
        holders.register(holding.MessageHolder())
        holders.register(holding.WithheldHolder())
        holders.register(holding.ExcludedAddressHolder())
        holders.register(holding.TrackingHolder())
        holders.register(holding.ProofHolder())
        timeline.register(timeline_parts.MESSAGES)
        timeline.register(timeline_parts.TRACKING)
