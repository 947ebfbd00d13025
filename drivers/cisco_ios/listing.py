# SPDX-License-Identifier: GPL-2.0-or-later
"""The lines that make an access list hold exactly our facts. Pure.

A deny comes with a remark of the same number in front, one for each rule that wants it. A line
that stands below a permit cannot be moved (IOS silently ignores an entry that it has already), so
it is taken out and put in again, with nothing in between.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from drivers.cisco_ios.differences import acl_header, sort_key
from drivers.cisco_ios.marks import digests, remark, remarked
from drivers.cisco_ios.model import OWN_ACL, Ace, Acl, Fact, Frame, Line, Stray
from drivers.cisco_ios.said import LAST
from drivers.cisco_ios.slots import Slots
from drivers.cisco_ios.steps import Stage, Step, Where

ROOM = 1_000
"""Between two lines of a list of our own that is numbered anew."""


@dataclass
class Listing:
    """The work on one list. `orders`: by digest what its remark says behind it.

    `steps` and `blocked` (facts that cannot be made true, and why) are the result.
    """

    family: int
    name: str
    acl: Acl | None
    orders: Mapping[str, str]
    steps: list[Step] = field(default_factory=list)
    blocked: dict[Fact, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._section = (acl_header(self.family, self.name),)
        self._gone: set[str] = set()
        self._look()

    def _look(self) -> None:
        self._slots = Slots(self.acl, self.name, self.family)
        self._lines = {line.text: line for line in (self.acl.lines if self.acl else ())}
        self._shown = {line.shown: line for line in (self.acl.lines if self.acl else ())}

    def change(self, add: Iterable[Fact], remove: Iterable[Fact]) -> None:
        """Make `add` true and `remove` false."""
        adds, removes = sorted(add, key=sort_key), sorted(remove, key=sort_key)
        if self._vanishes(adds, removes):
            self._delete()
            return
        self._make_room(len({f.text for f in adds if isinstance(f, Ace)}))
        frames = [f for f in adds if isinstance(f, Frame)]
        self._frames(frames)
        strays = {f.text: f for f in removes if isinstance(f, Stray)}
        self._denies([f for f in adds if isinstance(f, Ace)], strays)
        for stray in strays.values():
            if stray.text not in self._gone:
                self._drop_stray(stray)
        self._drop_aces([f for f in removes if isinstance(f, Ace)])
        for fact in removes:
            if isinstance(fact, Frame):
                self._remove_line(self._lines[fact.text], Stage.UNACE, structural=True)

    # -- the whole list ------------------------------------------------------------------

    def _vanishes(self, adds: list[Fact], removes: list[Fact]) -> bool:
        """Whether a list of our own loses its last line, and so goes as a whole."""
        if self.acl is None or adds or self.name != OWN_ACL[self.family]:
            return False
        frames = {f.text for f in removes if isinstance(f, Frame)}
        return LAST[self.family] in frames or not self.acl.lines

    def _delete(self) -> None:
        assert self.acl is not None
        header = self._section[0]
        back: list[Where] = []
        for line in self.acl.lines:
            back += [(self._section, self._remark_line(line.number, r)) for r in line.remarks]
            back.append((self._section, self._numbered(line.number, line.shown)))
        self.steps.append(Step(Stage.UNLIST, (), f"no {header}", tuple(back), structural=True))

    def _make_room(self, needed: int) -> None:
        """Renumber a list of our own that a reload has left without room before its last line."""
        if self.acl is None or not self._slots.own or self.family == 6:
            return
        if self._slots.free() >= needed:
            return
        command = f"ip access-list resequence {self.name} {ROOM} {ROOM}"
        self.steps.append(Step(Stage.FRAME, (), command))
        lines = (replace(ln, number=ROOM * at) for at, ln in enumerate(self.acl.lines, 1))
        self.acl = replace(self.acl, lines=tuple(lines))
        self._look()

    # -- what frames a list of our own -----------------------------------------------------

    def _frames(self, frames: list[Frame]) -> None:
        for frame in sorted(frames, key=lambda f: f.text != LAST[self.family]):
            last = frame.text == LAST[self.family]
            number = self._slots.last() if last else self._slots.first()
            if number is None:
                self.blocked[frame] = self._slots.short(len(frames))
                continue
            back: tuple[Where, ...] = ((self._section, f"no {frame.text}"),)
            if self.acl is None:
                back = (((), f"no {self._section[0]}"),) if last else ()
            line = self._numbered(number, frame.text)
            # To a list that nothing is bound to yet this is nobody's business.
            bound = self.acl is not None
            self.steps.append(Step(Stage.FRAME, self._section, line, back, structural=bound))

    # -- denies --------------------------------------------------------------------------

    def _denies(self, aces: list[Ace], strays: Mapping[str, Stray]) -> None:
        by_text: dict[str, list[Ace]] = defaultdict(list)
        for ace in aces:
            by_text[ace.text].append(ace)
        # Of a list that nothing is bound to yet, and after the first, a line harms nobody else.
        first = self.acl is not None and not any(map(digests, self.acl.lines))
        short: list[str] = []
        for text, some in by_text.items():
            line = self._lines.get(text)
            stray = None if line is None else strays.get(line.shown)
            if line is not None and stray is None:
                self._join(line, some)
                continue
            number = self._slots.next()
            if number is None:
                short.append(text)
                continue
            if line is not None and stray is not None:
                self._gone.add(stray.text)
                self._remove_line(line, Stage.ACE, structural=True)
            self._add(number, text, some, structural=first or stray is not None)
            first = False
        for text in short:
            for ace in by_text[text]:
                self.blocked[ace] = self._slots.short(len(short))

    def _add(self, number: int, text: str, aces: list[Ace], structural: bool) -> None:
        keep = self.acl is None
        remarks = [remark(ace.digest, self.orders.get(ace.digest, "")) for ace in aces]
        for said in remarks:
            back = () if keep else ((self._section, f"no {self._remark_line(number, said)}"),)
            line = self._remark_line(number, said)
            self.steps.append(Step(Stage.ACE, self._section, line, back, structural))
        back = () if keep else ((self._section, f"no {text}"),)
        line = self._numbered(number, text)
        self.steps.append(Step(Stage.ACE, self._section, line, back, structural))

    def _join(self, line: Line, aces: list[Ace]) -> None:
        """The line is there: for another rule of ours, or somebody says the same."""
        if not digests(line) and self.name != OWN_ACL[self.family]:
            for ace in aces:
                self.blocked[ace] = (
                    f"{self._section[0]} line {line.number} says the same already, and the device"
                    " takes no second one: remove it there, it comes back in our name"
                )
            return
        for ace in aces:
            said = self._remark_line(
                line.number, remark(ace.digest, self.orders.get(ace.digest, ""))
            )
            back = ((self._section, f"no {said}"),)
            self.steps.append(Step(Stage.ACE, self._section, said, back))

    def _drop_aces(self, aces: list[Ace]) -> None:
        by_text: dict[str, set[str]] = defaultdict(set)
        for ace in aces:
            by_text[ace.text].add(ace.digest)
        for text, leaving in by_text.items():
            line = self._lines[text]
            if set(digests(line)) <= leaving:
                self._remove_entry(line, Stage.UNACE)
        # Last, and apart: where an entry takes its remark with it, they are gone already.
        for text, leaving in by_text.items():
            for said in self._lines[text].remarks:
                if remarked(said) in leaving:
                    self._remove_remark(self._lines[text].number, said, Stage.UNACE)

    def _drop_stray(self, stray: Stray) -> None:
        line = self._shown.get(stray.text)
        if line is not None:
            self._remove_line(line, Stage.UNACE, structural=True)
        elif stray.text:
            number, _, said = stray.text.partition(" remark ")
            if not said:
                number, said = "0", stray.text.removeprefix("remark ")
            self._remove_remark(int(number), said, Stage.UNACE)

    # -- single lines --------------------------------------------------------------------

    def _remove_line(self, line: Line, stage: Stage, structural: bool = False) -> None:
        self._remove_entry(line, stage, structural)
        for said in line.remarks:
            if remarked(said):
                self._remove_remark(line.number, said, stage)

    def _remove_entry(self, line: Line, stage: Stage, structural: bool = False) -> None:
        back = ((self._section, self._numbered(line.number, line.shown)),)
        self.steps.append(
            Step(stage, self._section, f"no {line.shown}", back, structural=structural)
        )

    def _remove_remark(self, number: int, said: str, stage: Stage) -> None:
        line = self._remark_line(number, said)
        back = ((self._section, line),)
        self.steps.append(Step(stage, self._section, f"no {line}", back, lenient=True))

    def _remark_line(self, number: int, said: str) -> str:
        text = f"remark {said}"
        return self._numbered(number, text) if number else text

    def _numbered(self, number: int, text: str) -> str:
        return f"{'sequence ' if self.family == 6 else ''}{number} {text}"
