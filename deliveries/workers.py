"""Who works: the name of a worker process, and what it held when it died.

Each worker keeps a lock on a file of its own as long as it lives. A file that can be locked belongs to a dead worker of
this machine: what it held is free at once. Workers of other machines are known by their leases alone.
"""

import fcntl
import hashlib
import os
import secrets
import socket
from pathlib import Path
from typing import IO

from django.conf import settings
from django.db import connection, transaction

from deliveries.models import Batch, Preparation
from deliveries.statuses import BatchStatus, PreparationStatus


class Worker:
    """A living worker; `name` is what its claims carry."""

    def __init__(self) -> None:
        place = directory()
        place.mkdir(parents=True, exist_ok=True)
        self.name = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"
        unseen = place / f".{self.name}"
        self._file: IO[str] = unseen.open("w")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unseen.rename(place / self.name)

    def close(self) -> None:
        (directory() / self.name).unlink(missing_ok=True)
        self._file.close()


def release_dead() -> list[str]:
    """Free what dead workers of this machine held; their names."""
    return [path.name for path in sorted(directory().glob("[!.]*")) if _release_if_dead(path)]


def _release_if_dead(path: Path) -> bool:
    try:
        file = path.open("r+")
    except FileNotFoundError:
        return False  # its owner ended, or another worker was faster
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        with transaction.atomic():
            batches = Batch.objects.filter(worker=path.name, status=BatchStatus.CLAIMED)
            batches.update(status=BatchStatus.WAITING, lease_until=None)
            Preparation.objects.filter(worker=path.name, status=PreparationStatus.RUNNING).update(lease_until=None)
        path.unlink(missing_ok=True)
    return True


def directory() -> Path:
    """A folder for each database: a worker knows nothing of the claims in another."""
    database = f"{connection.settings_dict['HOST']}|{connection.settings_dict['NAME']}"
    return Path(settings.VAR) / "workers" / hashlib.sha256(database.encode()).hexdigest()[:16]
