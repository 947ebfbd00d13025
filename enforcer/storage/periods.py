# SPDX-License-Identifier: GPL-2.0-or-later
"""When each device was proved to hold exactly what was desired: unbroken runs of proofs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from enforcer.storage.often import often
from enforcer.storage.tables import device_periods
from enforcer.storage.times import from_us, to_us

LONGEST_GAP = timedelta(minutes=15)
"""Two proofs further apart than this do not vouch for the time between them."""

_of_device = select(device_periods).where(device_periods.c.name == bindparam("of"))
_newest = often(_of_device.order_by(device_periods.c.from_us.desc()).limit(1))
_around = (
    _of_device.where(
        device_periods.c.from_us <= bindparam("instant"),
        device_periods.c.until_us >= bindparam("instant"),
    )
    .order_by(device_periods.c.from_us.desc())
    .limit(1)
)
_between = _of_device.where(
    device_periods.c.from_us <= bindparam("high"), device_periods.c.until_us >= bindparam("low")
).order_by(device_periods.c.from_us)
_add = often(insert(device_periods))
_change = often(
    update(device_periods)
    .where(device_periods.c.name == bindparam("of"), device_periods.c.from_us == bindparam("began"))
    .values(until_us=bindparam("until"), seq=bindparam("last"), inventory=bindparam("by"))
)


@dataclass(frozen=True, slots=True)
class Period:
    """From `since` to `until` every look found exactly what was desired on the device.

    The last look knew the changes up to `seq`, under the inventory with the digest `inventory`.
    Two looks in it are never more than `LONGEST_GAP` apart.
    """

    device: str
    since: datetime
    until: datetime
    seq: int
    inventory: str


class PeriodReader:
    """Periods as of one snapshot of the database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def newest(self, device: str) -> Period | None:
        """The last one; None: it was never proved."""
        return self._one(_newest, {"of": device})

    def around(self, device: str, instant: datetime) -> Period | None:
        """The one that covers `instant`; None: no proofs around it."""
        return self._one(_around, {"of": device, "instant": to_us(instant)})

    def between(self, devices: Iterable[str], low: datetime, high: datetime) -> list[Period]:
        """Those that touch `low`..`high`, device by device, oldest first."""
        span = {"low": to_us(low), "high": to_us(high)}
        return [
            _read(row)
            for device in devices
            for row in self._connection.execute(_between, {"of": device, **span})
        ]

    def _one(
        self, statement: Select[tuple[str, int, int, int, str]], given: dict[str, int | str]
    ) -> Period | None:
        row = self._connection.execute(statement, given).first()
        return None if row is None else _read(row)


class PeriodWriter(PeriodReader):
    """Periods inside one transaction that writes."""

    def prove(
        self, device: str, at: datetime, seq: int, inventory: str, unbroken: bool = True
    ) -> None:
        """A look at `at` found exactly what is desired with the changes up to `seq`.

        The newest period goes on where the run is `unbroken`: nothing else was found or
        written since its last look, the inventory is the same, and the gap is short enough.
        """
        last = self.newest(device)
        if unbroken and last is not None and _goes_on(last, at, inventory):
            self._set(device, to_us(last.since), to_us(at), max(seq, last.seq), inventory)
        elif last is not None and last.since == at:
            self._set(device, to_us(at), to_us(at), seq, inventory)
        elif last is None or last.since < at or not self._began(device, at):
            row = {"name": device, "from_us": to_us(at), "until_us": to_us(at)}
            self._connection.execute(_add, {**row, "seq": seq, "inventory": inventory})

    def prolong(self, device: str, at: datetime) -> None:
        """What the last look found held until `at`, when something was about to change."""
        last = self.newest(device)
        if last is not None and _goes_on(last, at, last.inventory):
            self._set(device, to_us(last.since), to_us(at), last.seq, last.inventory)

    def _began(self, device: str, at: datetime) -> bool:
        """Whether a period began at `at` already: the clock was set back."""
        statement = _of_device.where(device_periods.c.from_us == to_us(at))
        return self._connection.execute(statement, {"of": device}).first() is not None

    def _set(self, device: str, began: int, until: int, seq: int, inventory: str) -> None:
        given = {"of": device, "began": began, "until": until, "last": seq, "by": inventory}
        self._connection.execute(_change, given)


def _goes_on(last: Period, at: datetime, inventory: str) -> bool:
    return last.inventory == inventory and last.until <= at <= last.until + LONGEST_GAP


def _read(row: Row[tuple[str, int, int, int, str]]) -> Period:
    return Period(row.name, from_us(row.from_us), from_us(row.until_us), row.seq, row.inventory)
