"""Cron expressions as in Debian's cron, in the host's local time. cronsim parses them."""

from __future__ import annotations

from dokkupy_sdk.errors import UserError
from dokkupy_sdk.names import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime, timedelta

WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
FIELD = frozenset("0123456789*/,-#LABCDEFGHIJMNOPRSTUVWYabcdefghijlmnoprstuvwy")
"""What a field is made of: numbers, ranges, and the names of months and days."""
LOOKED_AT = 12
"""The number of next times among which the longest interval is determined."""


class Cron(str):
    """A cron expression of five fields, or one of @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually. It is
    stored as five fields."""

    __slots__ = ()

    def __new__(cls, text: str) -> Cron:
        if isinstance(text, cls):
            return text
        from datetime import datetime

        from cronsim import CronSim, CronSimError

        fields = WORDS.get(text.strip(), text).split()
        if len(text) > 200 or len(fields) != 5:
            raise UserError(
                f"{shown(text)} is not a cron expression of five fields",
                hint='Such as "30 3 * * *", in quotes: a shell replaces each * by the names of files.',
            )
        expression = " ".join(fields)
        try:
            next(CronSim(expression, datetime(2026, 1, 1)))
        except (CronSimError, StopIteration, ValueError) as error:
            raise UserError(f"{shown(text)} is not a cron expression: {error or 'it never fires'}") from None
        return super().__new__(cls, expression)

    @classmethod
    def continued(cls, text: str, following: list[str]) -> int:
        """How many of the following arguments are fields of the expression that begins with text: SSH splits what was
        quoted once."""
        fields = [text, *following[:4]]
        return 4 if len(fields) == 5 and all(FIELD.issuperset(one) and one for one in fields) else 0

    def after(self, moment: datetime) -> datetime:
        """The first time after a moment."""
        from cronsim import CronSim

        return next(CronSim(str(self), moment))

    def is_due(self, since: datetime, now: datetime) -> bool:
        """Whether it was due at least once since then. Several missed times count as one."""
        return self.after(since) <= now

    def interval(self, moment: datetime) -> timedelta:
        """The longest interval between two of the next times."""
        from datetime import timedelta

        longest, last = timedelta(0), self.after(moment)
        for _ in range(LOOKED_AT):
            following = self.after(last)
            longest, last = max(longest, following - last), following
        return longest
