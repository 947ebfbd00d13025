# SPDX-License-Identifier: GPL-2.0-or-later
"""From an order to the first packet that is dropped, with a controller that runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from enforcer import bootstrap
from enforcer.application import Application
from enforcer.control.steps import Step, no_step
from lab.installation import Installation
from lab.traffic.stream import Flow
from tests.bench.addresses import mixed_list
from tests.bench.chapters import Chapter
from tests.bench.desk import CLI, IN_PROCESS, NFT, Desk, Turn, by_round, take_turns
from tests.bench.enforcing import (
    ROUTER,
    SENDER,
    SENT_FROM,
    SENT_TO,
    SINK,
    TracedInstallation,
    block_list,
    controlled,
    settings_of,
)
from tests.bench.flow import RATE, BackgroundFlow, blocked
from tests.bench.ground import Node, Say, Size, collected
from tests.bench.steps import COMMAND_PARTS, PLACE_PARTS, order_parts
from tests.bench.traced import read_trace, tracer

NAME = "order"

METHOD = f"""
`enforcer run` enforces on a router between two hosts, and {RATE:.0f} UDP packets per second flow
through it. An order blocks their source, both ways. Measured is the time from before the order is
given until the sending of the first packet that is dropped (resolution {1000 / RATE:.0f} ms). It
is given by the command line as a program, from before that is started (`{CLI}`), or by a call in
a program that is running (`{IN_PROCESS}`). Beside them a person's `nft add element` of the same
two elements, into sets of a table of their own in the same namespace, as a program (`{NFT}`). The
three take turns; each is undone, and the packets pass again, before the next. *Beside N*: a block
list of N entries is in force on the router already (nft 1.0 reads the whole ruleset before it adds
anything, so that its time grows with N). The splits come from runs of their own, in which every
step notes its instant; commits are to a file on this machine's disk."""


@contextmanager
def _measuring(traced: bool, entries: int, say: Say) -> Iterator[tuple[Installation, Desk]]:
    """A controller that runs beside a list of so many entries, and a desk."""
    router = Node(ROUTER)
    with controlled(traced) as (installation, _):
        step: Step = no_step
        if isinstance(installation, TracedInstallation):
            step = tracer(str(installation.trace))
        app: Application = bootstrap.application(settings_of(installation), step)
        if entries:
            say(f"a list of {entries:,} entries is enforced first")
            block_list(app, "standing", mixed_list(entries, seed=entries))
        yield installation, Desk(installation, app, router)
    router.nft("flush ruleset\n")


def _drops(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    with _measuring(False, entries, say) as (_, desk):
        ways = {CLI: desk.by_command, IN_PROCESS: desk.in_process, NFT: desk.by_nft}
        say(f"order to first drop beside {entries:,}, {rounds} rounds")
        with BackgroundFlow(SENDER, SINK, SENT_FROM, SENT_TO) as sending:
            taken = take_turns(ways, rounds)
    found = [partial(_seconds, sending.flow, one) for one in by_round(taken)]
    times = collected(found, chapter.remarks)
    for subject in (CLI, IN_PROCESS):
        chapter.compare(f"one address beside {entries:,}", times, subject, NFT, headline=True)


def _seconds(flow: Flow, found: Mapping[str, Turn]) -> dict[str, float]:
    return {name: blocked(flow, turn.began, turn.until) for name, turn in found.items()}


def _split(entries: int, rounds: int, chapter: Chapter, say: Say) -> None:
    with _measuring(True, entries, say) as (installation, desk):
        assert isinstance(installation, TracedInstallation)
        say(f"where the time goes beside {entries:,}, {rounds} rounds")
        taken = take_turns({CLI: desk.by_command, IN_PROCESS: desk.in_process}, rounds)
        marks = read_trace(installation.trace)
    for what, parts in ((CLI, COMMAND_PARTS), (IN_PROCESS, PLACE_PARTS)):
        mine = [turn for turn in taken if turn.what == what]
        found = [partial(order_parts, marks, turn.began, turn.until, parts) for turn in mine]
        chapter.split(f"{what}, beside {entries:,}", collected(found, chapter.remarks))


def measure(size: Size, say: Say) -> Chapter:
    """Run the benchmark, in the lab."""
    chapter = Chapter(NAME, "Order to first dropped packet", METHOD)
    for entries in (0, size.entries):
        _drops(entries, size.medium, chapter, say)
        _split(entries, size.medium, chapter, say)
    return chapter
