# SPDX-License-Identifier: GPL-2.0-or-later
"""Access lists: numbered entries, remarks that share numbers, insertion, renumbering.

* An entry without a number goes to the end, last number + 10; the first gets 10 [DOC].
* An existing number with another entry: `% Duplicate sequence number` [DOC, SRC].
* An entry that is there already, with whatever number: no changes are made, silently [DOC].
* Remarks share the number of the entry that follows them [corpus: `320 remark`, `320 permit`];
  several may share one, and `no NUMBER` removes the entry and its remarks [GUESS; see `Quirks`].
* Counters belong to the entry and survive unrelated edits [corpus].
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lab.emulators.cisco_ios.aces import Ace
from lab.emulators.cisco_ios.words import Refusal

STEP = 10
DUPLICATE = "% Duplicate sequence number\n"
NO_ENTRY = "% Entry not found\n"  # [GUESS]


@dataclass
class Slot:
    """A sequence number: remarks, and an entry or none."""

    remarks: list[str] = field(default_factory=list)
    ace: Ace | None = None
    hits: int = 0


@dataclass
class Acl:
    """An access list.

    Attributes:
        kind: `extended`, `standard` or `ipv6`.
        slots: by sequence number.
    """

    name: str
    kind: str
    slots: dict[int, Slot] = field(default_factory=dict)
    _texts: dict[str, int] = field(default_factory=dict)
    _last: int = 0

    @property
    def version(self) -> int:
        """4 or 6."""
        return 6 if self.kind == "ipv6" else 4

    def ordered(self) -> list[tuple[int, Slot]]:
        """Slots in the order of their numbers."""
        return sorted(self.slots.items())

    def entries(self) -> list[tuple[int, Slot, Ace]]:
        """The slots that have an entry, in order."""
        return [(number, slot, slot.ace) for number, slot in self.ordered() if slot.ace]

    def add(self, number: int | None, ace: Ace) -> bool:
        """Add an entry; False when it is there already.

        Raises:
            Refusal: the number is taken by another entry.
        """
        if number is not None:
            present = self.slots.get(number)
            if present is not None and present.ace is not None and present.ace != ace:
                raise Refusal(DUPLICATE)
        if ace.text in self._texts:
            return False
        number = self._last + STEP if number is None else number
        self.slots.setdefault(number, Slot()).ace = ace
        self._texts[ace.text] = number
        self._last = max(self._last, number)
        return True

    def remark(self, number: int | None, text: str) -> None:
        """Add a remark in front of the entry `number`, or of the next one at the end."""
        number = self._last + STEP if number is None else number
        remarks = self.slots.setdefault(number, Slot()).remarks
        if text not in remarks:
            remarks.append(text)

    def remove_remark(self, number: int | None, text: str) -> None:
        """Remove a remark, by number or the first with that text."""
        for at, slot in self.ordered():
            if number in (None, at) and text in slot.remarks:
                slot.remarks.remove(text)
                self._forget(at)
                return
        raise Refusal(NO_ENTRY)

    def remove_number(self, number: int, *, remarks_too: bool) -> None:
        """Remove the entry `number`."""
        slot = self.slots.get(number)
        if slot is None:
            raise Refusal(NO_ENTRY)
        if slot.ace is not None:
            del self._texts[slot.ace.text]
            slot.ace, slot.hits = None, 0
            if remarks_too:
                slot.remarks = []
        else:
            slot.remarks = []
        self._forget(number)

    def remove_ace(self, number: int | None, ace: Ace) -> None:
        """Remove the entry with this text (and number, where given)."""
        at = self._texts.get(ace.text)
        if at is None or number not in (None, at):
            raise Refusal(NO_ENTRY)
        self.remove_number(at, remarks_too=False)

    def _forget(self, number: int) -> None:
        slot = self.slots[number]
        if slot.ace is None and not slot.remarks:
            del self.slots[number]
        if number == self._last and (number not in self.slots or slot.ace is None):
            self._last = max((at for at, other in self.slots.items() if other.ace), default=0)

    def resequence(self, start: int, step: int) -> None:
        """Renumber everything; remarks keep to their entries."""
        ordered = [slot for _, slot in self.ordered()]
        self.slots = {start + index * step: slot for index, slot in enumerate(ordered)}
        self._texts = {slot.ace.text: at for at, slot in self.slots.items() if slot.ace}
        self._last = max(self._texts.values(), default=0)

    def carry_hits(self, before: Acl) -> None:
        """Take the counters of equal entries over (a rollback replaces only what differs)."""
        for number, slot, ace in self.entries():
            old = before.slots.get(number)
            if old is not None and old.ace == ace:
                slot.hits = old.hits
