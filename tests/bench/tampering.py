# SPDX-License-Identifier: GPL-2.0-or-later
"""Somebody else's hand on the controller's table, and when it was undone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType

from drivers.nftables.names import TABLE
from drivers.nftables.netlink.socket import EventSocket, NftSocket
from enforcer.application import Application
from enforcer.core.rules import Rule
from lab.errors import LabCommandFailed, NoVerdict
from lab.installation import Controller, ControllerLog
from lab.shell import wait_until
from tests.bench.addresses import text_of
from tests.bench.enforcing import ME, ROUTER, monotonic_of
from tests.bench.full_pass import references
from tests.bench.ground import Node

PATIENCE = 60.0
_POLL = 0.002


@dataclass(frozen=True, slots=True)
class Seen:
    """One notification of our table: when it was read, what it says, of which set."""

    at: float
    kind: str
    name: str


class Listener:
    """Notes the kernel's notifications about our table, as ``nft monitor`` would; a context."""

    def __init__(self, node: Node) -> None:
        self._source = EventSocket.open(str(node.netns))
        self._thread = threading.Thread(target=self._listen, name="listener", daemon=True)
        self._stopped = threading.Event()
        self.seen: list[Seen] = []

    def _listen(self) -> None:
        while not self._stopped.is_set():
            events = self._source.read()
            at = time.monotonic()
            self.seen += [Seen(at, e.kind, e.name) for e in events if e.table == TABLE]

    def __enter__(self) -> Listener:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._source.stop()
        self._thread.join()
        self._source.close()

    def restored(self, name: str, since: int) -> float:
        """Seconds from the deletion of an element of a set until one was written there again.

        `since`: how many notifications to pass over. Raises NoVerdict: not in time.
        """
        found: list[float] = []

        def both() -> bool:
            gone = [s.at for s in self.seen[since:] if (s.kind, s.name) == ("delelem", name)]
            back = [s.at for s in self.seen[since:] if (s.kind, s.name) == ("newelem", name)]
            if gone and back and back[0] >= gone[0]:
                found.append(back[0] - gone[0])
            return bool(found)

        patiently(both, f"an element of set {name} is written again")
        return found[0]


def patiently(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds. Raises NoVerdict."""
    try:
        wait_until(condition, what, timeout=PATIENCE, every=_POLL)
    except LabCommandFailed as late:
        raise NoVerdict(str(late)) from late


def hosts_in(node: Node, rule: Rule, count: int) -> list[tuple[str, str]]:
    """So many IPv4 addresses that stand for `rule`, from all its hash sets: (set, address).

    Raises NoVerdict: there are fewer.
    """
    found: list[tuple[str, str]] = []
    with NftSocket.open(str(node.netns)) as kernel:
        for target in references(kernel):
            if rule.digest in target.name and not target.interval:
                addresses = text_of(kernel.elements(target).first[:count], rule.family)
                found += [(target.name, address) for address in addresses]
    if len(found) < count:
        raise NoVerdict(f"the hash sets of table {TABLE} hold {len(found)} addresses, not {count}")
    return [found[row * len(found) // count] for row in range(count)]


@contextmanager
def unheard(controller: Controller, app: Application) -> Iterator[None]:
    """Do something while no controller runs; afterwards one has proved everything again.

    Whoever listens to nftables in any network namespace makes every write in every other one
    slower, and has it take 8 kB of memory for each element until it is committed: the kernel asks
    whether anybody listens anywhere (``netlink_has_listeners``, net/netlink/af_netlink.c) before
    it writes a notification (``nf_tables_setelem_notify``). Raises NoVerdict: not proved in time.
    """
    with controller.absent():
        yield
        since = datetime.now(UTC)
    await_proof(app, since)


def await_proof(app: Application, since: datetime) -> None:
    """Until the router was proved after an instant. Raises NoVerdict: not in time."""

    def proved() -> bool:
        seen = app.device(ME, ROUTER).verified_at
        return seen is not None and seen > since

    patiently(proved, "everything is verified")


def verified_after(log: ControllerLog, since: int, began: float) -> float:
    """Seconds from `began` until the controller had written, read back and compared a repair.

    `since`: the log's mark from before. Raises NoVerdict: not in time.
    """
    patiently(lambda: bool(log.repairs(ROUTER, since)), "the controller repaired the router")
    done = [e["timestamp"] for e in log.events(since) if e.get("outcome") == "repaired"]
    return monotonic_of(datetime.fromisoformat(str(done[-1])).timestamp()) - began
