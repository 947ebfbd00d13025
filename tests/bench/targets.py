# SPDX-License-Identifier: GPL-2.0-or-later
"""What was aimed at, and how far each chapter got: the table at the top of the page. Pure, apart
from `read_limits`.

A line is found again on a page by what it says first; a page of which one chapter is measured
again keeps the others' lines.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import (
    first_drop,
    fleet,
    full_pass,
    many_orders,
    memory,
    ordering,
    peers,
    peers_running,
    quick_pass,
    reimport,
    repair,
    single_element,
    starting,
    whole_list,
    why,
)
from tests.bench.chapters import Chapter
from tests.bench.judging import (
    Judge,
    at_most,
    grows_at_most,
    median_cost,
    median_ratio,
    ratio_of_medians,
    tail_ratio,
    worst_cost,
    worst_of,
)

LIMITS = Path(__file__).with_name("limits.toml")
TITLE = "Targets"
NOT_MET = "**no**"
_UNSAID = "What limits it is not known yet."
_METS = {True: "yes", False: NOT_MET, None: "-"}

INTRODUCTION = """\
What was aimed at when this was built, each at its full size. *Beside*: what it is compared with,
in turns. The measured number is the median of the ratios of the rounds (in brackets p10 to p90)
unless the line says otherwise; *p99* is the 99th percentile of the order's times over the median
of the program's, and in brackets that of the ratios of the rounds. *Growth* of 1 is growth in
proportion to the entries, from 100,000 to 1,000,000."""

_COLUMNS = ("what", "beside", "target", "measured", "met")


@dataclass(frozen=True, slots=True)
class Target:
    """`key`: of `limits.toml`. `what` is the line's name on the page."""

    key: str
    chapter: str
    what: str
    beside: str
    goal: str
    judge: Judge


_ORDER, _NFT = ordering.API, ordering.NFT
_MILLION = "1,000,000 entries"
_ELEMENTS = tuple(
    f"{kind} beside {count}" for kind in ("host", "prefix") for count in ("0", "10,000", "100,000")
)
_SWARM, _ASKED = "100,000 orders", "100,000 orders, 1,000,000 entries"
_ONE, _BAN = "one ban to the kernel", peers_running.ENFORCER
_GROWTH = (100_000, 1_000_000)
_FLEET = "1,000 devices"
_HELD, _STEADY = f"{_MILLION}, {memory.SERVING}", memory.PHASES[1:]

TARGETS = (
    Target(
        "order",
        first_drop.NAME,
        "one order through the API, to the first packet that is dropped",
        "`nft add element`, the program",
        "median at most 2",
        at_most(2.0, median_ratio, "one order beside 0", _ORDER, _NFT),
    ),
    Target(
        "order-tail",
        first_drop.NAME,
        "the same, p99",
        "`nft add element`, the program",
        "p99 at most 5",
        at_most(5.0, tail_ratio, "one order beside 0", _ORDER, _NFT),
    ),
    Target(
        "order-million",
        first_drop.NAME,
        "the same with 1,000,000 entries enforced (medians; not in turns)",
        "the same at 0 entries",
        "at most 1.5",
        at_most(1.5, ratio_of_medians, "growth of one order", "beside 1,000,000", "beside 0"),
    ),
    Target(
        "element",
        single_element.NAME,
        "driver alone, one element: written",
        "a raw netlink element add",
        "at most 3",
        worst_of(
            3.0,
            median_ratio,
            [(one, single_element.STAGE) for one in _ELEMENTS],
            single_element.FLOOR,
        ),
    ),
    Target(
        "element-planned",
        single_element.NAME,
        "driver alone, one element: planned and written",
        "a raw netlink element add",
        "at most 3",
        worst_of(
            3.0,
            median_ratio,
            [(one, single_element.PLANNED) for one in _ELEMENTS],
            single_element.FLOOR,
        ),
    ),
    Target(
        "list",
        whole_list.NAME,
        "block list of 1,000,000 prefixes, file to enforced, in a running program",
        "`nft -f` of the same cover",
        "at most 1",
        at_most(1.0, median_ratio, _MILLION, whole_list.IN_PROCESS, whole_list.NFT),
    ),
    Target(
        "list-shell",
        whole_list.NAME,
        "the same by two commands and the controller",
        "`nft -f` of the same cover",
        "at most 1",
        at_most(1.0, median_ratio, _MILLION, whole_list.CLI, whole_list.NFT),
    ),
    Target(
        "list-growth",
        whole_list.NAME,
        "growth of the same, in a running program",
        "-",
        "at most 1.1 (linear)",
        grows_at_most(1.1, whole_list.IN_PROCESS, _GROWTH, per_entry=True),
    ),
    Target(
        "reimport",
        reimport.NAME,
        "re-import of 1,000,000 entries with 1 % changed",
        "parsing the file + raw write of the change",
        "at most 2",
        at_most(
            2.0,
            median_ratio,
            "1,000,000 entries, 10,000 of them new",
            reimport.OURS,
            reimport.FLOOR,
        ),
    ),
    Target(
        "pass",
        full_pass.NAME,
        "full pass over 1,000,000 entries without drift",
        "raw dump of the same sets",
        "at most 3.5",
        at_most(3.5, median_ratio, _MILLION, full_pass.PASS, full_pass.BYTES),
    ),
    Target(
        "pass-growth",
        full_pass.NAME,
        "growth of a full pass",
        "-",
        "at most 1.1 (linear)",
        grows_at_most(1.1, full_pass.PASS, _GROWTH, per_entry=True),
    ),
    Target(
        "quick",
        quick_pass.NAME,
        "quick pass (nothing changed) over 1,000,000 entries (medians)",
        "over 1,000 entries",
        "independent of N: at most 1.5",
        grows_at_most(1.5, full_pass.QUICK, (1_000, 1_000_000), per_entry=False),
    ),
    Target(
        "rest",
        quick_pass.NAME,
        "processor time of a controller at rest, 1,000,000 entries (medians)",
        "1,000 entries",
        "independent of N: at most 1.5",
        grows_at_most(1.5, quick_pass.RESTING, (1_000, 1_000_000), per_entry=False),
    ),
    Target(
        "deletion",
        repair.NAME,
        "one foreign deletion among 1,000,000, to restored",
        "the `nft delete element` that did it",
        "at most 1",
        at_most(1.0, median_ratio, "one element beside 1,000,000", repair.ELEMENT, repair.PROGRAM),
    ),
    Target(
        "flush",
        repair.NAME,
        "foreign flush of 1,000,000 entries, to all proved again",
        "raw netlink of the same elements",
        "at most 2",
        at_most(2.0, median_ratio, f"flush of {_MILLION}", repair.VERIFIED, whole_list.RAW),
    ),
    Target(
        "start",
        starting.NAME,
        "start of the controller with 1,000,000 entries, to proved",
        "a full pass",
        "at most 3",
        at_most(3.0, median_ratio, _MILLION, starting.START, starting.PASS),
    ),
    Target(
        "memory",
        memory.NAME,
        "resident memory of the controller, with the server, at 1,000,000 entries",
        memory.BARE,
        "at most 600 MB",
        worst_of(600.0, median_cost, [(_HELD, f"{memory.SERVING}, {one}") for one in _STEADY]),
    ),
    Target(
        "memory-peak",
        memory.NAME,
        "the most that it was at any time",
        memory.BARE,
        "at most 600 MB",
        worst_of(
            600.0, median_cost, [(_HELD, f"{memory.SERVING}, {one}, at most") for one in _STEADY]
        ),
    ),
    Target(
        "orders",
        many_orders.NAME,
        "100,000 separate orders: placed, until all are enforced",
        "raw netlink of the same elements",
        "seconds: under a minute",
        at_most(60.0, median_cost, _SWARM, many_orders.ENFORCED, whole_list.RAW),
    ),
    Target(
        "orders-gone",
        many_orders.NAME,
        "the same, ending in the same second, until all are gone",
        "raw netlink of the same elements",
        "seconds: under ten",
        at_most(10.0, median_cost, _SWARM, many_orders.GONE, whole_list.RAW),
    ),
    Target(
        "orders-stall",
        many_orders.NAME,
        "one order meanwhile, until it is in the kernel (the longest of all)",
        "-",
        "at most 100 ms",
        at_most(0.1, worst_cost, _SWARM, f"{many_orders.IN_KERNEL} (longest)"),
    ),
    Target(
        "why",
        why.NAME,
        "`why` beside 1,000,000 entries and 100,000 orders, in process",
        "-",
        "at most 20 ms",
        worst_of(
            0.02,
            median_cost,
            [(_ASKED, subject) for subject in (why.ORDERED, why.LISTED, why.FREE)],
        ),
    ),
    Target(
        "crowdsec",
        peers.NAME,
        "one ban, to the kernel",
        "CrowdSec and its firewall bouncer",
        "at most 0.01 (100 times faster)",
        at_most(0.01, median_ratio, _ONE, _BAN, peers_running.CROWDSEC),
    ),
    Target(
        "fail2ban",
        peers.NAME,
        "one ban, to the kernel, beside fail2ban",
        "fail2ban",
        "at most 0.01 (100 times faster)",
        at_most(0.01, median_ratio, _ONE, _BAN, peers_running.FAIL2BAN),
    ),
    Target(
        "crowdsec-10k",
        peers.NAME,
        "10,000 bans, to the kernel",
        "CrowdSec and its firewall bouncer",
        "at most 0.01 (100 times faster)",
        at_most(0.01, median_ratio, "10,000 bans to the kernel", _BAN, peers_running.CROWDSEC),
    ),
    Target(
        "crowdsec-50k",
        peers.NAME,
        "50,000 bans, to the kernel",
        "CrowdSec and its firewall bouncer",
        "at most 0.01 (100 times faster)",
        at_most(0.01, median_ratio, "50,000 bans to the kernel", _BAN, peers_running.CROWDSEC),
    ),
    Target(
        "fleet",
        fleet.NAME,
        "an order for all of 1,000 devices",
        "nornir's threaded runner, the same pushes",
        "at most 1",
        at_most(1.0, median_ratio, _FLEET, fleet.OURS, fleet.SAME),
    ),
    Target(
        "fleet-hanging",
        fleet.NAME,
        "the same while 5 % of them hang, for the others",
        "the same without",
        "does not slow: at most 1.05",
        at_most(1.05, median_ratio, _FLEET, fleet.HUNG, fleet.OURS),
    ),
)


def read_limits(file: Path = LIMITS) -> dict[str, str]:
    """What limits a target that is not met, by its key: sentences that somebody wrote."""
    return {key: str(said) for key, said in tomllib.loads(file.read_text("utf-8")).items()}


def lines_of(chapters: Sequence[Chapter]) -> dict[str, str]:
    """The lines of the targets that some chapters are about, by what they are about."""
    by_name = {chapter.name: chapter for chapter in chapters}
    return {
        target.what: _line(target, by_name[target.chapter])
        for target in TARGETS
        if target.chapter in by_name
    }


def lines_in(text: str) -> dict[str, str]:
    """The lines that a page's text has, by what they are about."""
    known = {target.what for target in TARGETS}
    rows = (line for line in text.splitlines() if line.startswith("| "))
    return {what: row for row in rows if (what := row.split(" | ")[0][2:]) in known}


def section(lines: Mapping[str, str], limits: Mapping[str, str]) -> Iterator[str]:
    """The section in Markdown, its title first."""
    yield from (f"## {TITLE}", "", INTRODUCTION, "")
    yield _row(*_COLUMNS)
    yield _row("---", "---", "---", "---", "---")
    for target in TARGETS:
        yield lines.get(target.what) or _row(*_words(target), "not measured", _METS[None])
    yield ""
    missed = [one for one in TARGETS if lines.get(one.what, "").endswith(f"| {NOT_MET} |")]
    if missed:
        yield "Where a target is not met, what was tried and what limits it:"
        yield ""
        yield from (f"- *{one.what}*: {limits.get(one.key, _UNSAID)}" for one in missed)
        yield ""


def _line(target: Target, chapter: Chapter) -> str:
    verdict = target.judge(chapter)
    return _row(*_words(target), verdict.shown, _METS[verdict.met])


def _words(target: Target) -> tuple[str, str, str]:
    return target.what, target.beside, target.goal


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"
