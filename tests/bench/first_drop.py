# SPDX-License-Identifier: GPL-2.0-or-later
"""From an order to the first packet that is dropped, with a controller that runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from lab.installation import Installation
from tests.bench.addresses import mixed_list
from tests.bench.chapters import Chapter
from tests.bench.enforcing import (
    ROUTER,
    SENDER,
    SENT_TO,
    SINK,
    TracedInstallation,
    application,
    block_list,
    controlled,
)
from tests.bench.figures import duration
from tests.bench.ground import FULL, Node, Say, Size, collected
from tests.bench.ordering import API, CLI, NFT, Act, Taken, Ways, client_of, timed
from tests.bench.probes import RATE, Probes
from tests.bench.ratios import percentile, turns
from tests.bench.steps import API_PARTS, order_parts
from tests.bench.traced import read_trace

NAME = "order"
_SERVED = '[service.web]\nlisten = "127.0.0.1:0"\n'
_STANDING = (0, 1_000, 10_000, 100_000, 1_000_000)
_ROUNDS = {0: 200, 1_000: 40, 10_000: 40, 100_000: 40, 1_000_000: 60}
_BY_COMMAND = 10
_SPLIT = 30
_SHARES = (0.0, 0.5, 0.9, 0.99, 1.0)

METHOD = f"""
`enforcer run`, with its API and a SQLite file, enforces on a router between two hosts, and
{RATE:,.0f} UDP packets per second flow through it. A program that has a connection to the API
places an order that blocks their source, both ways (`{API}`). Measured is the time from before it
sends the request until the sending of the first packet that is dropped (resolution
{1000 / RATE:.1f} ms), whatever the answer says and when. Beside it a person's `nft add element`
(`{NFT}`), from before the program is started until the first packet is dropped, into a set of the
host that the packets are for, in whose namespace nothing else is: what nft has to read there never
grows. They take turns; each is undone, and the packets pass again, before the next. *Beside N*: a
block list of N entries is in force on the router already. `{CLI}` is the command line as a program.
*Beside N / beside 0* compares situations that were not measured in turns. The split comes from runs
of its own, in which every step notes its instant; commits are to a file on this machine's disk."""


@contextmanager
def _serving(traced: bool, entries: int, say: Say) -> Iterator[tuple[Installation, Ways]]:
    """A service that runs beside a list of so many entries, and the ways to block a sender."""
    host = Node(SINK)
    with controlled(traced, _SERVED) as (installation, controller):
        if entries:
            say(f"a list of {entries:,} entries is enforced first")
            block_list(application(installation), "standing", mixed_list(entries, seed=entries))
        with client_of(installation, controller) as client:
            yield installation, Ways(installation, client, host)
    for node in (host, Node(ROUTER)):
        node.nft("flush ruleset\n")


def _rounds(ways: Mapping[str, Act], rounds: int) -> list[dict[str, Taken]]:
    """Let each way have its turn in every round."""
    names = list(ways)
    found: list[dict[str, Taken]] = []
    with Probes(SENDER, SINK, SENT_TO) as probes:
        for number in range(rounds):
            order = [names[which] for which in turns(len(names), number)]
            found.append({name: timed(name, ways[name], number, probes) for name in order})
    return found


def _seconds(found: Sequence[Mapping[str, Taken]], what: str) -> list[float]:
    return [one[what].seconds for one in found]


def _drops(entries: int, rounds: int, chapter: Chapter, say: Say) -> list[float]:
    with _serving(False, entries, say) as (_, ways):
        say(f"order to first drop beside {entries:,}, {rounds} rounds")
        found = _rounds({API: ways.by_api, NFT: ways.by_nft}, rounds)
        times = {what: _seconds(found, what) for what in (API, NFT)}
        chapter.compare(f"one order beside {entries:,}", times, API, NFT, True, entries)
        if not entries:
            say("the same by the command line")
            few = _rounds({CLI: ways.by_command, NFT: ways.by_nft}, _BY_COMMAND)
            slow = {what: _seconds(few, what) for what in (CLI, NFT)}
            chapter.compare("one order by the command line", slow, CLI, NFT)
    chapter.method += "\n" + "\n".join(_row(entries, what, times[what]) for what in times)
    return times[API]


def _row(entries: int, what: str, seconds: Sequence[float]) -> str:
    shown = " | ".join(duration(percentile(seconds, share)) for share in _SHARES)
    return f"| {what}, beside {entries:,} | {shown} |"


def _grown(times: Mapping[int, Sequence[float]], chapter: Chapter) -> None:
    """The same beside more entries, beside the same beside none."""
    alone = times[0]
    for entries, seconds in times.items():
        if entries:
            rounds = min(len(alone), len(seconds))
            names = (f"beside {entries:,}", "beside 0")
            both = dict(zip(names, (seconds[:rounds], alone[:rounds]), strict=True))
            chapter.compare("growth of one order", both, *names, headline=True)


def _split(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    with _serving(True, entries, say) as (installation, ways):
        assert isinstance(installation, TracedInstallation)
        say(f"where the time goes beside {entries:,}, {rounds} rounds")
        found = _rounds({API: ways.by_api}, rounds)
        marks = read_trace(installation.trace)
    parts: list[Callable[[], Mapping[str, float]]] = []
    for one in found:
        began = one[API].began
        parts.append(partial(order_parts, marks, began, began + 1.0, API_PARTS))
    chapter.split(f"{API}, beside {entries:,}", collected(parts, chapter.remarks))


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    head = "\n\n| time to the first drop | min | median | p90 | p99 | max |\n| --- " + "| ---: " * 5
    chapter = Chapter(NAME, "Order to first dropped packet", METHOD + head + "|")
    full = size == FULL
    times: dict[int, Sequence[float]] = {}
    for entries in _STANDING if full else (0, *size.growth):
        rounds = _ROUNDS[entries] if full else size.short
        times[entries] = _drops(entries, rounds, chapter, say)
    _grown(times, chapter)
    _split(0, _SPLIT if full else size.medium, chapter, say)
    return chapter
