"""When people work: mostly on weekdays between ten and seven where they live, seldom at night."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_FIRST, _LAST = 10, 19
_MIDDLE, _SPREAD = 14.5, 2.4
_FREE_DAYS = 0.04
_WEEKEND = 5


class Calendar:
    """Working time in one zone. `chance` decides everything, so that the same one gives the same moments."""

    def __init__(self, zone: str, chance: random.Random) -> None:
        self._zone = ZoneInfo(zone)
        self._chance = chance

    def moments(self, count: int, begin: datetime, end: datetime) -> list[datetime]:
        """`count` moments from `begin` on and before `end`, in order."""
        days = max(1, (end - begin).days)
        found = (self._on(begin + timedelta(days=self._chance.randrange(days + 1))) for _ in range(40 * count))
        fitting = (at for at in found if at is not None and begin <= at < end)
        return sorted(at for at, _ in zip(fitting, range(count), strict=False))

    def _on(self, day: datetime) -> datetime | None:
        local = day.astimezone(self._zone)
        if local.weekday() >= _WEEKEND and self._chance.random() > _FREE_DAYS:
            return None
        hour = min(23.9, max(0.1, self._chance.gauss(_MIDDLE, _SPREAD)))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight + timedelta(hours=hour)).astimezone(day.tzinfo)

    def later(self, at: datetime, least: float, most: float) -> datetime:
        """Between `least` and `most` seconds after `at`, soon more likely than late; in working time, or the next morning."""
        wait = math.exp(self._chance.uniform(math.log(least), math.log(most)))
        local = (at + timedelta(seconds=wait)).astimezone(self._zone)
        morning = timedelta(hours=_FIRST, minutes=self._chance.uniform(0, 90))
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        if local.hour < _FIRST and local.weekday() < _WEEKEND:
            local = midnight + morning
        elif local.hour >= _LAST or local.weekday() >= _WEEKEND:
            ahead = {4: 3, 5: 2}.get(local.weekday(), 1)
            local = midnight + timedelta(days=ahead) + morning
        return local.astimezone(at.tzinfo)
