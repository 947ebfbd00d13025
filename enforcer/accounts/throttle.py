# SPDX-License-Identifier: GPL-2.0-or-later
"""How long to wait after failed logins: pure, counted in the database.

Three counts stand beside each other. A name from one address: few attempts. An address, whatever
names it tries: some more, because people share addresses. A name, from wherever: it slows down a
guess that comes from everywhere, but only up to half a minute, and not for an address from which
the account is logged in: nobody can lock a colleague out by failing in his name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from enforcer.accounts.names import is_account_name

WINDOW = timedelta(hours=1)
"""Failures older than this are forgotten."""

Count = Callable[[str, datetime], tuple[int, datetime | None]]


@dataclass(frozen=True, slots=True)
class Rule:
    """After `free` failures of a key wait 1 s, then twice as long each time, up to `most` s."""

    free: int
    most: float

    def delay(self, failures: int) -> float:
        """Seconds to wait after so many failures."""
        if failures < self.free:
            return 0.0
        return float(min(2 ** min(failures - self.free, 30), self.most))


PAIR = Rule(5, 900)
ADDRESS = Rule(30, 900)
NAME = Rule(20, 30)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to log in: `name` as it was typed, from the peer `address`."""

    name: str
    address: str

    @property
    def account(self) -> str:
        """The name, or nothing where no account can have it: what else was typed there is
        neither stored nor asked for."""
        return self.name if is_account_name(self.name) else ""

    @property
    def rules(self) -> dict[str, Rule]:
        """What is counted for it. Names are hashed: people type passwords into that field."""
        where = network(self.address)
        return {
            f"pair:{hashed(self.name)}@{where}": PAIR,
            f"address:{where}": ADDRESS,
            f"name:{hashed(self.name)}": NAME,
        }

    def seconds(self, count: Count, now: datetime, at_home: bool) -> float:
        """How long it has to wait yet; 0: it may be tried.

        `at_home`: the account is logged in from that address already.
        """
        waits = [0.0]
        for key, rule in self.rules.items():
            if at_home and rule is NAME:
                continue
            failures, last = count(key, now - WINDOW)
            if last is not None:
                since = max(0.0, (now - last).total_seconds())
                waits.append(rule.delay(failures) - since)
        return max(waits)


def hashed(name: str) -> str:
    """A name where it need not be read again."""
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def network(address: str) -> str:
    """What counts as one address: a /64 of IPv6, which is one customer, else itself."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address[:64]
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((int(parsed), 64), strict=False))
