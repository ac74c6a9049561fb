"""Objects for tests, with plausible values and no surprise."""

import factory

from landingpages import editing, publishing
from landingpages.models import LandingPage
from landingpages.templates_builtin import create_page
from profiles import consent
from profiles.models import Brand, Profile, Service, Source
from quarantine.models import QuarantinedAddress


class ProfileFactory(factory.django.DjangoModelFactory):
    """A profile; opt-outs are given as `opted_out=["email", "all"]` and enter the ledger like any other."""

    class Meta:
        model = Profile
        skip_postgeneration_save = True

    first_name = "Marie"
    last_name = factory.Sequence(lambda n: f"Dupont {n}")
    email = factory.Sequence(lambda n: f"marie{n}@example.org")
    mobile = factory.Sequence(lambda n: f"+33612{n:06}")
    country = "FR"
    preferred_language = "fr"

    @factory.post_generation
    def opted_out(self, create, scopes, **kwargs):
        for scope in scopes or []:
            consent.opt_out(self, scope, source=Source.OPERATOR, by="Ana Lopes")


class ServiceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Service

    label = factory.Sequence(lambda n: f"Thursday letter {n}")
    public_label = factory.SelfAttribute("label")


class BrandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Brand

    label = factory.Sequence(lambda n: f"Maison Exemple {n}")
    postal_address = "12 rue des Lilas, 75011 Paris"
    privacy_url = "https://example.org/privacy"


class QuarantinedAddressFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = QuarantinedAddress

    channel = "email"
    address = factory.Sequence(lambda n: f"gone{n}@example.org")


class LandingPageFactory(factory.django.DjangoModelFactory):
    """A page being edited, from a built-in template; any other field of the page may be given."""

    class Meta:
        model = LandingPage

    template = "channels"
    label = "Vos préférences"
    slug = factory.Sequence(lambda n: f"vos-preferences-{n}")

    @classmethod
    def _create(cls, model_class, *, template, label, slug, **values):
        page = create_page(template, label=label, slug=slug, by="Ana Lopes")
        if values:
            editing.change_page(page, values, by="Ana Lopes")
        return page


class PublishedPageFactory(LandingPageFactory):
    """A page that is online; `page.version` is what visitors see."""

    @classmethod
    def _create(cls, model_class, **values):
        page = super()._create(model_class, **values)
        publishing.publish(page, by="Ana Lopes")
        return page
