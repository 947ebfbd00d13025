# SPDX-License-Identifier: GPL-2.0-or-later
"""What our objects on a Junos router are called, and where they stand. Pure.

A path is a statement's place in the configuration, as after ``set``. What must be remembered
about the operator's configuration (a filter that was bound in another form, an interface that
was down already) is told by the name of an unused prefix-list, a record.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from typing import NamedTuple

from drivers._router.names import OWNER, SENTINELS
from enforcer.core.rules import HOLD_MARKER, Owner

FAMILIES = {4: "inet", 6: "inet6"}
VERSIONS = {"inet": 4, "inet6": 6}
DIRECTIONS = ("input", "output")
MOST_FILTERS = 16
"""So many filters may be in an input-list or output-list (Junos firewall filter guide)."""
LISTS = "policy-options prefix-list"
STATEMENTS = "policy-options policy-statement"
AS_PATHS = "policy-options as-path"
ROUTES = {4: "routing-options static route", 6: "routing-options rib inet6.0 static route"}
RIB6 = "routing-options rib inet6.0"
"""Stays behind, empty, unless it is deleted with the last route in it."""
SENTINEL = {4: f"{SENTINELS[4]}/32", 6: f"{SENTINELS[6]}/128"}
"""The member of every prefix-list of ours, by family, as the box shows it."""

DOWN = "DOWN"
WAS_DOWN = "WASDOWN"
SHUT = "SHUT"
WAS_SHUT = "WASSHUT"
WAS_LIST = "WASLIST"
INHERITED = "INHERITED"

_RECORD = re.compile(
    rf"^ENF-(?:{DOWN}|{WAS_DOWN}|{SHUT}|{WAS_SHUT}|{WAS_LIST}|{INHERITED}-[0-9a-f]{{8}})"
    r"-[0-9a-f]{8}$"
)
_MARK = re.compile(rf"^{OWNER}-([A-Za-z0-9_.]+)-(\d{{1,18}})-(\d{{1,18}})-([0-9a-f]{{8}}|x)$")


class Place(NamedTuple):
    """Where a filter is bound: an interface's unit, a family, `input` or `output`."""

    interface: str
    unit: str
    family: int
    direction: str

    @property
    def stanza(self) -> str:
        """The path of the filter stanza that the two directions share."""
        family = FAMILIES[self.family]
        return f"interfaces {self.interface} unit {self.unit} family {family} filter"

    @property
    def path(self) -> str:
        """What a finding calls the place."""
        return f"{self.stanza} {self.direction}"


def filter_name(family: int, direction: str) -> str:
    """Our filter of a family in a direction."""
    return f"ENF-{'IN' if direction == 'input' else 'OUT'}{family}"


def pass_name(family: int) -> str:
    """The filter that accepts the rest where the operator has none."""
    return f"ENF-PASS{family}"


def filter_path(family: int, name: str) -> str:
    """Where a filter stands."""
    return f"firewall family {FAMILIES[family]} filter {name}"


def list_path(name: str) -> str:
    """Where a prefix-list stands."""
    return f"{LISTS} {name}"


def record_name(kind: str, what: str) -> str:
    """The name of the record of one kind about `what` (a path, or an interface's name)."""
    return f"ENF-{kind}-{_short(what)}"


def inherited_name(path: str, policies: Iterable[str]) -> str:
    """The name of the record that the chain at `path` ends in `policies`, which it inherited."""
    return record_name(f"{INHERITED}-{_short(path)}", " ".join(policies))


def _short(what: str) -> str:
    return hashlib.blake2b(what.encode(), digest_size=4).hexdigest()


def is_record(name: str) -> bool:
    """Whether a prefix-list of ours is a record."""
    return _RECORD.match(name) is not None


def is_mark(name: str) -> bool:
    """Whether a prefix-list is the mark, readable or not."""
    return name == OWNER or name.startswith(f"{OWNER}-")


def mark_name(owner: Owner) -> str:
    """The name of the mark of `owner`."""
    return f"{OWNER}-{owner.controller}-{owner.epoch}-{owner.position}-{owner.digest or 'x'}"


def owner_of(name: str) -> Owner | None:
    """Who wrote the mark of this name; None: it is none that we would write."""
    found = _MARK.match(name)
    if found is None:
        return None
    digest = "" if found[4] == "x" else found[4]
    return Owner(found[1], int(found[2]), int(found[3]), digest)


def holds(line: str) -> bool:
    """Whether a line of the configuration names the marker that forbids us to write."""
    return HOLD_MARKER in line


def split_interface(name: str) -> tuple[str, str]:
    """(interface, unit) of an inventory's name; the unit is "" for all of the interface."""
    interface, dot, unit = name.partition(".")
    return (interface, unit) if dot else (name, "")


def disable_path(name: str) -> str:
    """The statement that takes an interface, or one unit of it, down."""
    interface, unit = split_interface(name)
    return f"interfaces {interface} unit {unit} disable" if unit else f"interfaces {name} disable"
