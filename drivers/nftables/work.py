# SPDX-License-Identifier: GPL-2.0-or-later
"""What one batch does to the kernel: the driver's payload. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.nftables.layout import Layout
from drivers.nftables.model import Spec
from drivers.nftables.netlink.columns import SetRef
from drivers.nftables.shut import NO_PORTS, PortChange
from enforcer.core.rules import Members, Owner, Rule


@dataclass(frozen=True, eq=False, slots=True)
class SetChange:
    """Elements of one set: `remove` before `add`; names of interfaces as keys."""

    target: SetRef
    rule: Rule
    add: Members
    remove: Members

    def __len__(self) -> int:
        return len(self.add) + len(self.remove)


@dataclass(frozen=True, eq=False, slots=True)
class Work:
    """One transaction.

    `spec`: make the structure so, first; None: it is. `keep_old`: leave what may still enforce
    an older layout. `layouts`: how the rules are laid out from then on; None: as before.
    `mark`: write this mark. `rebuild`: delete the table and make it anew, all in one. `ports`:
    interfaces to shut and to bring up; `kept`: those whose record a rebuilt table gets again.
    """

    changes: tuple[SetChange, ...] = ()
    spec: Spec | None = None
    keep_old: bool = False
    layouts: Mapping[Rule, Layout] | None = None
    interfaces: frozenset[Rule] = frozenset()
    mark: Owner | None = None
    rebuild: bool = False
    ports: PortChange = NO_PORTS
    kept: tuple[str, ...] = ()
