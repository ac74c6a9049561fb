"""Visits per version and day, counted in memory and written by a thread of its own: no visitor waits for a number.

A GET changes nothing and asks the database nothing for it. What a process has counted and not written when it is killed
is lost: at most VISITS_SECONDS of visits, of a figure that names nobody (docs/decisions/0014).
"""

import atexit
import logging
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import date

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from landingpages.models import VisitCount
from profiles import programs

logger = logging.getLogger("heed.landingpages")


class Tally:
    """Version id and day -> visits that are not written yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counted: Counter[tuple[int, date]] = Counter()
        self._writer: threading.Thread | None = None

    def add(self, version_id: int) -> None:
        """Count one visit; the first one of a process starts the thread that writes."""
        with self._lock:
            self._counted[version_id, timezone.localdate()] += 1
            if settings.VISITS_SECONDS and (self._writer is None or not self._writer.is_alive()):
                self._writer = threading.Thread(target=self._write_now_and_then, name="visits", daemon=True)
                self._writer.start()
                atexit.register(self.flush_and_leave)

    def flush(self) -> int:
        """Write what was counted; how many visits. What cannot be written now is kept for the next time."""
        with self._lock:
            counted, self._counted = self._counted, Counter()
        if not counted:
            return 0
        try:
            _write(counted)
        except DatabaseError:
            with self._lock:
                self._counted.update(counted)
            raise
        return counted.total()

    def _write_now_and_then(self) -> None:
        while True:
            time.sleep(settings.VISITS_SECONDS)
            self.flush_and_leave()

    def flush_and_leave(self) -> None:
        """Flush in a thread or a process that ends: its connection goes with it, its troubles are noted."""
        try:
            self.flush()
        except Exception:
            logger.exception("visits could not be written, they are kept")
        finally:
            connection.close()


tally = Tally()


def count(request: HttpRequest, version_id: int) -> None:
    """Count a page that was answered to somebody who looks at it; heads, prefetches and programs are not counted."""
    if programs.is_looked_at(request) and not programs.is_program(request.headers.get("User-Agent", "")[:500]):
        tally.add(version_id)


def _write(counted: Mapping[tuple[int, date], int]) -> None:
    """Add to the rows of the day, or make them; all or nothing."""
    with transaction.atomic():
        for (version_id, day), visits in sorted(counted.items()):
            VisitCount.objects.bulk_create([VisitCount(version_id=version_id, day=day, visits=0)], ignore_conflicts=True)
            VisitCount.objects.filter(version=version_id, day=day).update(visits=F("visits") + visits)
