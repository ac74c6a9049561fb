"""Who holds data about a person: the registry that erasure, access requests and merges ask (design §1).

Every app registers its own holders in AppConfig.ready(); profiles knows none of them by name. A test compares the
registry with the models, so that nobody forgets one.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q
from django.utils.translation import gettext_lazy

from profiles import aliases
from profiles.channels import Channel
from profiles.models import Profile

Row = dict[str, Any]  # readable label -> text, number, yes or no, moment, or a list or mapping of these
Addresses = set[tuple[Channel, str]]


@dataclass(frozen=True)
class Person:
    """A profile as holders look for it: its ids, those that were merged into it too, and every address known of it."""

    profile: Profile
    ids: tuple[int, ...]
    addresses: frozenset[tuple[Channel, str]] = frozenset()
    shared: frozenset[tuple[Channel, str]] = frozenset()  # those of the addresses that other profiles have

    def on(self, channel: Channel) -> list[str]:
        """Her addresses on the channel."""
        return sorted(address for one, address in self.addresses if one == channel)

    @property
    def own(self) -> frozenset[tuple[Channel, str]]:
        """The addresses that nobody else has."""
        return self.addresses - self.shared


class Holder(ABC):
    """One kind of data about people: how much there is, what it says, and how it goes."""

    key: str
    label: Any
    models: tuple[type[Model], ...]  # those it answers for
    on_erasure: Any = gettext_lazy("deleted")  # what an erasure does with its rows

    def addresses(self, person: Person) -> Addresses:
        """Addresses of the person that only this holder still knows."""
        return set()

    def silent(self, person: Person) -> Addresses:
        """Those of the person's addresses that must stay silent when she is erased, whatever her boxes say."""
        return set()

    @abstractmethod
    def count(self, person: Person) -> int:
        """How many rows there are."""

    @abstractmethod
    def export(self, person: Person) -> list[Row]:
        """What they say, for the person to read."""

    @abstractmethod
    def erase(self, person: Person) -> int:
        """Remove what says something about the person; how many rows. In the transaction of profiles.erasure."""

    def move(self, loser: Profile, winner: Profile) -> None:  # noqa: B027 (most hand over nothing)
        """Hand over what a merge takes along. What stays under the loser's id leads to the winner by ProfileAlias."""


_registered: dict[str, Holder] = {}


def register(holder: Holder) -> None:
    """Add a holder; they are asked in reverse order for erasure, so that the profile itself goes last."""
    _registered[holder.key] = holder


def registered() -> list[Holder]:
    """Every holder; those of profiles first."""
    return list(_registered.values())


def person(profile: Profile) -> Person:
    """The person behind a profile, with every address that any holder knows of her."""
    known = Person(profile, tuple(aliases.all_ids(profile)))
    found = {(channel, address) for holder in registered() for channel, address in holder.addresses(known) if address}
    return Person(profile, known.ids, frozenset(found), frozenset(one for one in found if _is_shared(profile, *one)))


def _is_shared(profile: Profile, channel: Channel, address: str) -> bool:
    return Profile.objects.with_address(channel, address).exclude(pk=profile.pk).exists()


def in_json(column: str, names: Iterable[str], addresses: Iterable[str]) -> Q:
    """Rows of which a JSON column holds one of the addresses under one of the names."""
    keys = list(names)
    pairs = [(f"{column}__{name}", address) for address in addresses for name in keys]
    return Q(*pairs, _connector=Q.OR) if pairs else Q(pk__in=[])
