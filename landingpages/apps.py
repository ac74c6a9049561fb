from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class LandingPagesConfig(AppConfig):
    name = "landingpages"
    verbose_name = _("Landing pages")

    def ready(self) -> None:
        from landingpages import centre, guard, holding
        from profiles import holders, servicechanges

        post_migrate.connect(guard.install_after_migrate, sender=self)
        register(guard.versions_are_guarded, Tags.database)
        servicechanges.listen(centre.refresh)
        holders.register(holding.SubmissionHolder())
