"""Who shows services, and therefore wants to know when one was added, changed or deleted."""

from collections.abc import Callable

_listeners: list[Callable[[], object]] = []


def listen(listener: Callable[[], object]) -> None:
    """Registered by the apps above, in AppConfig.ready()."""
    _listeners.append(listener)


def announce() -> None:
    """To be called once the change is stored."""
    for listener in _listeners:
        listener()
