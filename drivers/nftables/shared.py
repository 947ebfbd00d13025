# SPDX-License-Identifier: GPL-2.0-or-later
"""What the sessions and the watch of one driver tell each other."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from drivers.nftables.layout import Layout
from drivers.nftables.netlink.socket import EventSocket
from drivers.nftables.shut import Record, Recorded
from enforcer.core.rules import Rule

_TRANSITIONS = 4_096
_PORTS = 64


class Shared:
    """Of one driver object; safe to use from several threads.

    Holds the netlink ports that are or were ours, the changes of the ruleset that are known not
    to have touched our table, whether the last repair was refused, the rules seen so far, how
    their members are laid out, and the interfaces that we hold down.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ports: deque[int] = deque(maxlen=_PORTS)
        self._untouched: OrderedDict[tuple[str, int], int] = OrderedDict()
        self._refused = False
        self._seen: dict[str, Rule] = {}
        self._layouts: dict[str, tuple[Rule, Layout]] = {}
        self._shut: dict[str, dict[str, Recorded]] = {}
        self._listening = threading.Lock()
        self._sources: list[EventSocket] = []

    def opened(self, port: int) -> None:
        """Remember the port of a session."""
        with self._lock:
            self._ports.append(port)

    def is_ours(self, port: int) -> bool:
        """Whether a session of this driver has, or lately had, this port."""
        with self._lock:
            return port in self._ports

    def untouched(self, identity: str, before: int, after: int) -> None:
        """A change from one generation to the next did not touch our table."""
        with self._lock:
            self._untouched[identity, before] = after
            while len(self._untouched) > _TRANSITIONS:
                self._untouched.popitem(last=False)

    def leads(self, identity: str, before: int, after: int) -> bool:
        """Whether all changes between two generations are known not to have touched our table."""
        with self._lock:
            for _ in range(_TRANSITIONS):
                if before == after:
                    return True
                following = self._untouched.get((identity, before))
                if following is None:
                    return False
                before = following
        return False

    def listens(self, source: EventSocket) -> None:
        """A subscription of this driver; see `unheard`."""
        with self._listening:
            self._sources.append(source)

    def ends(self, source: EventSocket) -> None:
        """It is about to be closed."""
        with self._listening:
            self._sources.remove(source)

    @contextmanager
    def unheard(self) -> Iterator[None]:
        """Write without being told of each element, which would more than double the time.

        Somebody else's change meanwhile is told by the generation alone: look at it before and
        after. Subscriptions neither begin nor end as long as this lasts.
        """
        with self._listening:
            for source in self._sources:
                source.detach()
            try:
                yield
            finally:
                for source in self._sources:
                    source.attach()

    @property
    def refused(self) -> bool:
        """Whether the kernel refused the last repair of the structure."""
        with self._lock:
            return self._refused

    @refused.setter
    def refused(self, value: bool) -> None:
        with self._lock:
            self._refused = value

    def remember(self, identity: str, record: Record) -> None:
        """The interfaces that are down by us in the namespace `identity`, and no others."""
        with self._lock:
            self._shut = {identity: dict(record)}

    def shut(self, identity: str) -> Record:
        """What `remember` was told last of `identity`."""
        with self._lock:
            return dict(self._shut.get(identity, {}))

    def learn(self, rules: Iterable[Rule]) -> None:
        """Remember rules, to know them by their digests."""
        with self._lock:
            for rule in rules:
                self._seen.setdefault(rule.digest, rule)

    def seen(self) -> dict[str, Rule]:
        """All rules seen so far, by digest."""
        with self._lock:
            return dict(self._seen)

    def laid_out(self, layouts: Mapping[Rule, Layout]) -> None:
        """How the members of rules lie in sets, as last read or written."""
        with self._lock:
            self._layouts = {rule.digest: (rule, laid) for rule, laid in layouts.items()}

    def layouts(self) -> Mapping[str, tuple[Rule, Layout]]:
        """What `laid_out` was told last, by the rule's digest."""
        with self._lock:
            return self._layouts
