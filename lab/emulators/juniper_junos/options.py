# SPDX-License-Identifier: GPL-2.0-or-later
"""What differs from one emulated Junos box to another, and the guesses that tests may turn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass
class JunosOptions:
    """Settable at any time; each takes effect with the next command or commit.

    Attributes:
        model: as in `show version`.
        release: Junos release, as in `show version`.
        routing_engines: names of the engines, for example `("re0", "re1")`: commits print a line
            per engine (capture of a dual-engine MX104); empty: one engine, no such lines.
        mastership: printed before every prompt, for example `{master}`; empty: none.
        rollback_late_seconds: how late an unconfirmed commit is rolled back (live: up to 35).
        counts_load_errors: `load set` ends in `load complete (N errors)`. False: in a bare
            `load complete` in spite of them (live, newer releases). Merges always count.
        keeps_head_of_bad_line: the statements before the wrong word of a line of `load set` are
            loaded (live, newer releases); False: nothing of the line is.
        empty_list_matches: a filter condition on prefix-lists without a member of the filter's
            family matches every packet. GUESS either way: no driver may rely on it.
        sorts_prefix_lists: members of prefix-lists are kept in numeric order instead of the order
            in which they were configured. GUESS either way.
        counters_reset: when a commit zeroes counters of a filter: its own text changed
            (`filter`), also the members of its prefix-lists (`members`), or `never`. GUESS.
        requires_root_authentication: a configuration without it fails the check-out with the
            suffix `(missing mandatory statements)` (live).
        licensed: False: `protocols ospf` gives a warning at commit, which succeeds (live).
        evolved: Junos OS Evolved: `next term` in the last term of a filter is refused (manual).
        has_filter_chains: `input-chain` and `output-chain` exist (MX MPC, 18.4R1 and later).
        rpf_discard_knob: `forwarding-options rpf-loose-mode-discard` is needed for loose uRPF
            to drop what a discard route covers. GUESS (the statement's name); False: it drops
            without the knob.
        stale_session_seconds: how long a lost session keeps its lock and its edits, until the
            router notices. GUESS (TCP keepalives); 0: at once.
        view_only: users whose class may not configure.
        edit_rights: user to the path prefixes that his class may edit (`firewall`,
            `policy-options prefix-list`); users that are absent may edit everything.
    """

    model: str = "mx240"
    release: str = "21.4R3-S3.4"
    routing_engines: tuple[str, ...] = ()
    mastership: str = ""
    rollback_late_seconds: float = 0.0
    counts_load_errors: bool = True
    keeps_head_of_bad_line: bool = False
    empty_list_matches: bool = True
    sorts_prefix_lists: bool = False
    counters_reset: Literal["never", "filter", "members"] = "filter"
    requires_root_authentication: bool = False
    licensed: bool = True
    evolved: bool = False
    has_filter_chains: bool = True
    rpf_discard_knob: bool = True
    stale_session_seconds: float = 0.0
    view_only: frozenset[str] = frozenset()
    edit_rights: dict[str, tuple[str, ...]] = field(default_factory=dict)
