"""Tell a story at its own times: inside `Clock.running` actions write what they would have written then."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models.expressions import DatabaseDefault
from django.db.models.functions import Now
from django.db.models.signals import pre_save
from django.utils import timezone

#: what passes between two looks at the clock, so that what is written later is later
TICK = timedelta(milliseconds=1)


class Clock:
    """The time of the story. Only for a process that does nothing else meanwhile."""

    def __init__(self) -> None:
        self.moment = timezone.now()

    def set(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        self.moment += TICK
        return self.moment

    @contextmanager
    def running(self) -> Iterator[None]:
        """Until the end of the block `timezone.now`, and columns whose default is the time, say `moment`."""
        real = timezone.now
        timezone.now = self.now
        pre_save.connect(self._date)
        try:
            yield
        finally:
            pre_save.disconnect(self._date)
            timezone.now = real

    def _date(self, instance: models.Model, **_signal: Any) -> None:
        """Fill what the database would fill with its own time. Events refuse to be dated back afterwards."""
        timed = (f for f in instance._meta.concrete_fields if isinstance(f.db_default, Now))
        for field in timed:
            if isinstance(getattr(instance, field.attname), DatabaseDefault):
                setattr(instance, field.attname, self.now())
