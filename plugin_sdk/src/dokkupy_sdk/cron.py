"""Cron expressions, as Debian's cron has them, in the host's local time. cronsim parses them."""

from __future__ import annotations

from datetime import datetime, timedelta

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown

WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
LOOKED_AT = 12
"""Firings that are looked at for the longest pause between two."""


class Cron(str):
    """A cron expression of five fields, or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually.
    Kept as five fields."""

    __slots__ = ()

    def __new__(cls, text: str) -> Cron:
        if isinstance(text, cls):
            return text
        from cronsim import CronSim, CronSimError

        fields = WORDS.get(text.strip(), text).split()
        if len(text) > 200 or len(fields) != 5:
            raise UserError(f"{shown(text)} is not a cron expression of five fields", hint='Such as "30 3 * * *".')
        expression = " ".join(fields)
        try:
            next(CronSim(expression, datetime(2026, 1, 1)))
        except (CronSimError, StopIteration, ValueError) as error:
            raise UserError(f"{shown(text)} is not a cron expression: {error or 'it never fires'}") from None
        return super().__new__(cls, expression)

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment."""
        from cronsim import CronSim

        return next(CronSim(str(self), moment))

    def is_due(self, since: datetime, now: datetime) -> bool:
        """Whether it was due since then, once or more often: what was missed runs once."""
        return self.after(since) <= now

    def interval(self, moment: datetime) -> timedelta:
        """The longest pause between two times, of the next ones."""
        longest, last = timedelta(0), self.after(moment)
        for _ in range(LOOKED_AT):
            following = self.after(last)
            longest, last = max(longest, following - last), following
        return longest
