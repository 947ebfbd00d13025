# SPDX-License-Identifier: GPL-2.0-or-later
"""Free sequence numbers in an access list, above everything of the operator's. Pure.

Numbers say nothing of whose a line is (many releases renumber on reload); they only say where a
new one goes.
"""

from __future__ import annotations

from drivers.cisco_ios.differences import acl_header
from drivers.cisco_ios.ground import foreign
from drivers.cisco_ios.model import OWN_ACL, Acl
from drivers.cisco_ios.said import LAST

LAST_NUMBER = 1_000_000
"""Of the last line of a list of our own."""
STEP = 10
_ROOM = 1_000


class Slots:
    """Hands out numbers in one list; `None`: none is left."""

    def __init__(self, acl: Acl | None, name: str, family: int) -> None:
        self._family = family
        self._name = name
        lines = () if acl is None else acl.lines
        self._used = {line.number for line in lines}
        self._used |= set() if acl is None else {number for number, _ in acl.loose}
        self._from: dict[int, int] = {}
        self.own = name == OWN_ACL[family]
        if self.own:
            lasts = [line.number for line in lines if line.text == LAST[family]]
            # A last line that stands among the others is put at the end first.
            self.below = lasts[0] if lasts else max([LAST_NUMBER, *(n + STEP for n in self._used)])
        else:
            theirs = [] if acl is None else foreign(acl)
            self.below = min((acl.lines[at].number for at in theirs), default=1) if acl else 1

    def first(self) -> int | None:
        """The lowest free number, for what must come before all others."""
        return self._take(range(1, self.below))

    def next(self) -> int | None:
        """A free number for a deny: in a list of our own in steps of ten as long as they last."""
        if self.own:
            return self._take(range(STEP, self.below, STEP)) or self.first()
        return self.first()

    def last(self) -> int:
        """The number for the last line of a list of our own."""
        return self.below

    def _take(self, among: range) -> int | None:
        # What was handed out never comes back: look on from there.
        start = max(among.start, self._from.get(among.step, among.start))
        for number in range(start, among.stop, among.step):
            if number not in self._used:
                self._used.add(number)
                self._from[among.step] = number
                return number
        return None

    def free(self) -> int:
        """How many numbers are left."""
        return max(self.below - 1, 0) - sum(0 < n < self.below for n in self._used)

    def short(self, needed: int) -> str:
        """What is said where `needed` lines find no number; what to type is in it."""
        start = max(_ROOM, 10 ** len(str(4 * needed + self.below)))
        header = acl_header(self._family, self._name)
        told = (
            f"{header} has {self.free()} free sequence numbers before its first line and {needed}"
            " more are needed: "
        )
        if self._family == 6:
            return f"{told}enter its lines anew with numbers from {start} on"
        return f"{told}type `ip access-list resequence {self._name} {start} {STEP}`"
