"""Numbers, sizes, durations and times as text, in the reader's language. The present moment is the clock's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from babel import dates, numbers

from podo.kernel import clock

_MONEY = {"en": "en_001"}  # "US$38", not "$38": readers sit in several countries
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_OLD = 365 * _DAY


class Formats:
    """The ways to write values in one language; `gettext` is that language's."""

    def __init__(self, lang: str, gettext: Callable[[str], str]) -> None:
        self._lang = lang
        self._ = gettext

    def number(self, value: float | Decimal, digits: int = 0) -> str:
        """`1204` as 1,204; at most `digits` digits behind the point."""
        # English and Korean write numbers alike; a page may hold hundreds, and a format string is much faster than a locale.
        text = f"{value:,.{digits}f}"
        return text.rstrip("0").rstrip(".") if digits else text

    def percent(self, value: float | Decimal, digits: int = 0) -> str:
        """`0.021` as 2.1 % (2.1% in Korean), with at most `digits` digits behind the point."""
        return self._("%s %%") % self.number(Decimal(str(value)) * 100, digits)

    def bytes(self, count: float) -> str:
        """Bytes in steps of 1000: 88 MB, 4.5 GB."""
        return self._scaled(count, 1000, ("B", "kB", "MB", "GB", "TB", "PB"))

    def memory(self, count: float) -> str:
        """Bytes in steps of 1024, as Kubernetes writes memory: 512 Mi, 4.5 Gi."""
        return self._scaled(count, 1024, ("B", "Ki", "Mi", "Gi", "Ti", "Pi"))

    def _scaled(self, count: float, step: int, units: tuple[str, ...]) -> str:
        power = 0
        while abs(count) >= step and power < len(units) - 1:
            count /= step
            power += 1
        digits = 1 if power and abs(count) < 10 else 0
        return f"{self.number(count, digits)} {units[power]}"

    def cpu(self, millicores: float) -> str:
        """250 as 250 m, 2000 as 2 CPU."""
        if millicores < 1000:
            return f"{self.number(millicores)} m"
        return f"{self.number(millicores / 1000, 2)} CPU"

    def money(self, amount: Decimal, currency: str, digits: int | None = None) -> str:
        """US$4,120.00, ₩38; `digits` behind the point, the currency's own by default."""
        locale = _MONEY.get(self._lang, self._lang)
        if digits is None:
            return numbers.format_currency(amount, currency, locale=locale)
        pattern = "¤#,##0" + ("." + "0" * digits if digits else "")
        return numbers.format_currency(amount, currency, pattern, locale=locale, currency_digits=False)

    def duration(self, length: timedelta | float) -> str:
        """The two largest units: 2 min 48 s, 1 h 12 min, 9 d. `length` is a timedelta or seconds."""
        seconds = round(length.total_seconds() if isinstance(length, timedelta) else length)
        _ = self._
        if seconds < _MINUTE:
            return _("%d s") % seconds
        if seconds < _HOUR:
            return self._two(_("%d min"), _("%d s"), *divmod(seconds, _MINUTE))
        if seconds < _DAY:
            return self._two(_("%d h"), _("%d min"), seconds // _HOUR, seconds % _HOUR // _MINUTE)
        days, rest = divmod(seconds, _DAY)
        return self._two(_("%d d"), _("%d h"), days, rest // _HOUR if days < 10 else 0)

    def _two(self, large: str, small: str, many: int, few: int) -> str:
        return f"{large % many} {small % few}" if few else large % many

    def age(self, at: datetime) -> str:
        """How long ago, or how long until, in one unit: 14 min, 21 h, 9 d."""
        seconds = abs((clock.now() - at).total_seconds())
        _ = self._
        if seconds < _MINUTE:
            return _("%d s") % seconds
        if seconds < _HOUR:
            return _("%d min") % (seconds // _MINUTE)
        if seconds < _DAY:
            return _("%d h") % (seconds // _HOUR)
        return _("%d d") % (seconds // _DAY)

    def relative(self, at: datetime) -> str:
        """14 min ago, in 8 min, just now; the date when it is more than a year away."""
        past = (clock.now() - at).total_seconds()
        if abs(past) > _OLD:
            return self.date(at)
        if abs(past) < 5:
            return self._("just now")
        pattern = self._("%s ago") if past > 0 else self._("in %s")
        return pattern % self.age(at)

    def date(self, at: datetime) -> str:
        """23 Nov 2026, 2026년 11월 23일."""
        return dates.format_date(at, "d MMM y" if self._lang == "en" else "long", locale=self._lang)

    def moment(self, at: datetime) -> str:
        """The exact time, in UTC: 2026-11-23 05:08:31 UTC. A script rewrites it in the reader's own zone."""
        return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")

    def time_of_day(self, at: datetime) -> str:
        """05:08 UTC."""
        return at.astimezone(UTC).strftime("%H:%M UTC")
