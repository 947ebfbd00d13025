# SPDX-License-Identifier: GPL-2.0-or-later
"""Beside the systems that people use today: CrowdSec with its firewall bouncer, and fail2ban."""

from __future__ import annotations

import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from lab.errors import NoVerdict
from lab.inside import current
from tests.bench.chapters import Chapter
from tests.bench.enforcing import ROUTER
from tests.bench.figures import duration
from tests.bench.ground import FULL, Say, Size, timed
from tests.bench.new_elements import NewElements
from tests.bench.peers_running import (
    CROWDSEC,
    ENFORCER,
    FAIL2BAN,
    Crowdsec,
    Enforcer,
    Fail2ban,
    Peer,
    delete_table,
    flush,
    pause,
    rules,
    tables,
    within,
)
from tests.bench.ratios import spread, turns

NAME = "peers"
NFT = "nft add element"
STANDING = 10
_PATIENCE = 120.0
"""Seconds after which a load of the others is cut off, too."""
_FIRST = int(IPv4Address("45.0.0.0"))
_DAY = 86_400
_BRIEF = 15
_HAND = "hand"


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured. Seconds: `fault` to look after one, `over` after a ban's end,
    `cut` at which fail2ban's load is cut off."""

    rounds: int
    loads: tuple[int, ...]
    fault: float
    over: float
    cut: float


_FULL = Effort(3, (10_000, 50_000), 12.0, 63.0, 60.0)
_QUICK = Effort(2, (10_000,), 8.0, 12.0, 10.0)

METHOD = """
Debian's `crowdsec` (its local API alone) with `crowdsec-firewall-bouncer`, which asks it every
10 s as installed, Debian's `fail2ban` with its nftables action, and `enforcer run` on SQLite: all
at once on one router, each with its own table, all on this machine. Everybody's instant is that of
the kernel's notification that the address is in a set.

**One ban**: a ban of a day, from the moment that it is asked for, at a random moment of the peers'
periods: by `cscli decisions add`, by `fail2ban-client set JAIL banip`, and by `POST /orders`; a
program each but for the API, which has a connection that is open. Beside it `{nft}` as a program,
which is no system at all. **Loads**: a file of so many single addresses by `cscli decisions
import`, by `fail2ban-client` with 500 addresses a call (cut off after {cut:g} s; others after
{patience:g} s), and as a list by
the API, ordered blocked; until the last of them is in the kernel.

{table}

**Faults** while {standing} bans of a day stand: what stands after {fault:g} s. Somebody empties the
sets; somebody deletes the table (and then one more ban is given); and what enforces is killed
(SIGKILL) while a ban of {brief} s stands beside the others, which is looked at {over:g} s after its
end, and then started again. `enforcer` gives the kernel the end of a ban plus 60 s, because it
removes it on time itself; what is killed leaves that to the kernel.

{faults}"""


REMARKS = (
    f"a hundredth of {CROWDSEC}'s time for one ban is under a tenth of a second; a hundredth of"
    f" {FAIL2BAN}'s is less than one `{NFT}` takes as a program, and no order that is recorded"
    " and proved is as fast as that.",
    f"{CROWDSEC} took 0 to 10 s of each of its times waiting for its next turn; so 10,000 bans take"
    " it hardly longer than one. Ours are two requests, a list that is parsed, measured by the"
    " inventory and stored, and an order that is written, read back and proved.",
)


@dataclass
class _Found:
    """Everything that was measured; `faults`: by fault, by peer."""

    singles: dict[str, list[float]] = field(default_factory=dict)
    loads: dict[int, dict[str, str]] = field(default_factory=dict)
    seconds: dict[int, dict[str, float]] = field(default_factory=dict)
    faults: dict[str, dict[str, str]] = field(default_factory=dict)


class _Addresses:
    """New ones each time; two apart, so that no range holds two."""

    def __init__(self) -> None:
        self._next = _FIRST

    def some(self, count: int) -> list[str]:
        """So many."""
        first, self._next = self._next, self._next + 2 * count
        return [str(IPv4Address(first + 2 * number)) for number in range(count)]


class _Race:
    """All of them on one router."""

    def __init__(self, folder: Path, effort: Effort, say: Say) -> None:
        self.netns = current().netns(ROUTER)
        self.effort, self.say = effort, say
        self.addresses = _Addresses()
        name = self.netns.name
        places = {n: folder / n for n in ("crowdsec", "fail2ban", "enforcer")}
        for one in places.values():
            one.mkdir()
        self.peers: tuple[Peer, ...] = (
            Enforcer(places["enforcer"], name),
            Crowdsec(places["crowdsec"], name),
            Fail2ban(places["fail2ban"], name),
        )
        self.seen = NewElements(self.netns)

    @contextmanager
    def running(self) -> Iterator[None]:
        """All of them, begun."""
        with ExitStack() as stack:
            stack.callback(self.seen.close)
            for peer in self.peers:
                stack.callback(peer.end)
            for peer in self.peers:
                self.say(f"begins: {peer.name}")
                peer.begin()
            yield

    def by_hand(self, address: str, seconds: int) -> None:
        """What the peers are compared with: one element by one program."""
        del seconds
        command = ("nft", "add", "element", "inet", _HAND, _HAND, f"{{ {address} timeout 1d }}")
        timed(*within(self.netns.name, command))

    def single(self, ban: Callable[[str, int], None], patience: float = 60.0) -> float:
        """Seconds from asking for a ban to the kernel having it. Raises NoVerdict."""
        (address,) = self.addresses.some(1)
        self.seen.expect([address])
        began = time.monotonic()
        ban(address, _DAY)
        at, missing = self.seen.wait(patience)
        if missing:
            raise NoVerdict(f"{address} never came into the kernel")
        return at - began

    def load(self, peer: Peer, count: int) -> tuple[float, int]:
        """Seconds until so many were in the kernel, or were not, and how many were."""
        wanted = self.addresses.some(count)
        patience = self.effort.cut if peer.name == FAIL2BAN else _PATIENCE
        self.seen.expect(wanted)
        failed: list[Exception] = []

        def load() -> None:
            try:
                peer.load(wanted)
            except (NoVerdict, AssertionError, OSError) as error:
                failed.append(error)

        loading = threading.Thread(target=load, daemon=True)
        began = time.monotonic()
        loading.start()
        at, missing = 0.0, count
        while missing and not failed and time.monotonic() - began < patience:
            at, missing = self.seen.wait(min(1.0, patience))
        if failed:
            raise NoVerdict(f"{peer.name}: {failed[0]}")
        if missing:
            return patience, count - missing
        loading.join()
        return at - began, count


def measure(size: Size, say: Say) -> Chapter:
    """The chapter. Raises NoVerdict."""
    effort = _FULL if size == FULL else _QUICK
    found = _Found()
    with tempfile.TemporaryDirectory(prefix="enforcer-peers-") as name:
        race = _Race(Path(name), effort, say)
        with race.running():
            _singles(race, found)
            _faults(race, found)
            _loads(race, found)
    chapter = Chapter(NAME, "Beside CrowdSec and fail2ban", _method(effort, found))
    for baseline in (CROWDSEC, FAIL2BAN, NFT):
        headline = baseline != NFT
        chapter.compare("one ban to the kernel", found.singles, ENFORCER, baseline, headline)
    chapter.remarks += REMARKS
    for count, seconds in found.seconds.items():
        times = {name: [one] for name, one in seconds.items()}
        if CROWDSEC in times:
            chapter.compare(f"{count:,} bans to the kernel", times, ENFORCER, CROWDSEC, True)
    return chapter


# -- one ban ---------------------------------------------------------------------------------


def _singles(race: _Race, found: _Found) -> None:
    script = (
        f"add table inet {_HAND}; add set inet {_HAND} {_HAND} {{ type ipv4_addr; flags timeout; }}"
    )
    timed(*within(race.netns.name, ("nft", script)))
    bans: list[tuple[str, Callable[[str, int], None]]] = [(p.name, p.ban) for p in race.peers]
    bans.append((NFT, race.by_hand))
    dice = random.Random(1)
    for number in range(race.effort.rounds):
        race.say(f"one ban, round {number + 1}")
        for which in turns(len(bans), number):
            name, ban = bans[which]
            time.sleep(dice.random() * 2.0)
            found.singles.setdefault(name, []).append(race.single(ban))


# -- loads -----------------------------------------------------------------------------------


def _loads(race: _Race, found: _Found) -> None:
    slow = [peer for peer in race.peers if peer.name == FAIL2BAN]
    runs = [(c, p) for c in race.effort.loads for p in race.peers if p not in slow]
    # Last: what was cut off goes on.
    runs += [(race.effort.loads[0], peer) for peer in slow]
    for count, peer in runs:
        race.say(f"{count:,} bans: {peer.name}")
        seconds, came = race.load(peer, count)
        whole = came == count
        said = duration(seconds) if whole else f"{came:,} of them after {seconds:g} s"
        found.loads.setdefault(count, {})[peer.name] = said
        if whole:
            found.seconds.setdefault(count, {})[peer.name] = seconds


# -- faults ----------------------------------------------------------------------------------


def _faults(race: _Race, found: _Found) -> None:
    stood = {peer.name: _stand(race, peer) for peer in race.peers}
    for fault, doing in (("sets emptied", flush), ("table deleted", delete_table)):
        race.say(fault)
        back: dict[str, str] = {}
        for peer in race.peers:
            race.seen.expect(stood[peer.name])
            began = time.monotonic()
            doing(race.netns.name, peer)
            # Whoever repairs it at all does so in this time; what comes later is seen below.
            at, missing = race.seen.wait(2.0)
            back[peer.name] = "" if missing else f", the last after {duration(at - began)}"
        pause(time.monotonic() + race.effort.fault)
        for peer in race.peers:
            said = _standing(race, peer, stood[peer.name]) + back[peer.name]
            found.faults.setdefault(fault, {})[peer.name] = said
    _one_more(race, found, stood)
    _killed(race, found, stood)


def _stand(race: _Race, peer: Peer) -> list[str]:
    wanted = race.addresses.some(STANDING)
    race.seen.expect(wanted)
    for address in wanted:
        peer.ban(address, _DAY)
    _, missing = race.seen.wait(60.0)
    if missing:
        raise NoVerdict(f"{peer.name}: {missing} of {STANDING} bans never came into the kernel")
    return wanted


def _standing(race: _Race, peer: Peer, wanted: Sequence[str]) -> str:
    held = tables(race.netns.name).get(peer.table[1], set())
    return f"{len(held & set(wanted))} of {len(wanted)} stand"


def _one_more(race: _Race, found: _Found, stood: Mapping[str, list[str]]) -> None:
    race.say("one more ban after the table was deleted")
    more = {peer.name: race.addresses.some(1) for peer in race.peers}
    for peer in race.peers:
        peer.ban(more[peer.name][0], _DAY)
    pause(time.monotonic() + min(15.0, race.effort.fault + 5.0))
    for peer in race.peers:
        said = _standing(race, peer, [*stood[peer.name], *more[peer.name]])
        found.faults.setdefault("... and one more ban", {})[peer.name] = said


def _killed(race: _Race, found: _Found, stood: Mapping[str, list[str]]) -> None:
    race.say("killed while a short ban stands")
    for peer in race.peers:
        # What the faults before left behind is not this one's: begin anew, with all bans.
        peer.kill()
        peer.begin()
    brief: dict[str, list[str]] = {}
    for peer in race.peers:
        stood[peer.name].clear()
        stood[peer.name].extend(_stand(race, peer))
        brief[peer.name] = race.addresses.some(1)
        race.seen.expect(brief[peer.name])
        peer.ban(brief[peer.name][0], _BRIEF)
        race.seen.wait(30.0)
        peer.kill()
    killed = time.monotonic()
    pause(killed + _BRIEF + race.effort.over)
    before = {peer.name: rules(race.netns.name, peer) for peer in race.peers}
    for peer in race.peers:
        held = tables(race.netns.name).get(peer.table[1], set())
        short = "still stands" if brief[peer.name][0] in held else "is gone"
        said = f"{_standing(race, peer, stood[peer.name])}; the short one {short}"
        found.faults.setdefault("killed", {})[peer.name] = said
    for peer in race.peers:
        peer.begin()
    pause(time.monotonic() + 12.0)
    for peer in race.peers:
        count = rules(race.netns.name, peer)
        said = f"{_standing(race, peer, stood[peer.name])}; rules: {before[peer.name]}, now {count}"
        found.faults.setdefault("... and started again", {})[peer.name] = said


# -- as text ---------------------------------------------------------------------------------


def _method(effort: Effort, found: _Found) -> str:
    return METHOD.format(
        nft=NFT,
        table=_table(found),
        faults=_fault_table(found),
        standing=STANDING,
        fault=effort.fault,
        over=effort.over,
        cut=effort.cut,
        patience=_PATIENCE,
        brief=_BRIEF,
    )


def _table(found: _Found) -> str:
    names = (ENFORCER, CROWDSEC, FAIL2BAN, NFT)
    rows = [["", *names], ["---", *(["---:"] * len(names))]]
    shown = []
    for name in names:
        five = spread(found.singles[name])
        low, high = duration(five.minimum), duration(five.maximum)
        shown.append(f"{duration(five.median)} ({low} to {high})")
    rows.append(["one ban, median (least to most)", *shown])
    for count, by_name in found.loads.items():
        rows.append([f"{count:,} bans", *(by_name.get(name, "not run") for name in names)])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _fault_table(found: _Found) -> str:
    names = (ENFORCER, CROWDSEC, FAIL2BAN)
    rows = [["fault", *names], ["---"] * (len(names) + 1)]
    rows += [[fault, *(said[name] for name in names)] for fault, said in found.faults.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
