# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: what a commit complains about, and what it prints."""

from pathlib import Path

import pytest

from lab.emulators.juniper_junos import JunosOptions, Router
from lab.emulators.shell import Shell

CONFIGURATION = """\
set system host-name edge
set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24
set policy-options prefix-list MINE 198.51.100.0/24
set firewall family inet filter BASE term rest then accept
"""
ADD = "set policy-options prefix-list ENF-A 203.0.113.1/32"
MORE = "set policy-options prefix-list ENF-A 203.0.113.2/32"


@pytest.fixture
def router() -> Router:
    router = Router()
    router.load(CONFIGURATION)
    return router


def entered(router: Router, user: str = "admin", mode: str = "") -> Shell:
    shell = router.other_operator(user)
    shell.line(f"configure {mode}")
    assert shell.configuring
    return shell


def asked(shell: Shell, line: str) -> str:
    return shell.line(line).text


# ---------------- check-out


def test_an_undefined_prefix_list_fails_the_check_out(router: Router) -> None:
    """GUESS: the wording of the complaint; the layout is live."""
    shell = entered(router)
    term = "firewall family inet filter ENF-IN term a"
    asked(shell, f"set {term} from source-prefix-list ENF-NONE")
    asked(shell, f"set {term} then discard")
    expected = [
        f"[edit {term} from]",
        "  'source-prefix-list'",
        "    Referenced prefix-list 'ENF-NONE' is not defined",
        "error: configuration check-out failed",
    ]
    for line in ("commit check", "commit", "commit confirmed 5"):
        assert asked(shell, line).splitlines() == expected
    assert router.running() == CONFIGURATION
    assert len(router.other_operator().line("show system commit").text.splitlines()) == 1
    asked(shell, "set policy-options prefix-list ENF-NONE")
    assert asked(shell, "commit") == "commit complete"


@pytest.mark.parametrize(
    "lines, complaint",
    [
        (
            ["set interfaces ge-0/0/0 unit 0 family inet filter input NONE"],
            "Referenced filter 'NONE' is not defined",
        ),
        (
            [
                "set interfaces ge-0/0/0 unit 0 family inet filter input BASE",
                "set interfaces ge-0/0/0 unit 0 family inet filter input-list BASE",
            ],
            "mutually exclusive with 'input-list'",
        ),
        (
            ["set protocols bgp group G neighbor 192.0.2.9 import NONE"],
            "Policy NONE referenced but not defined\n    BGP: import list not applied",
        ),
        (
            ["set policy-options policy-statement P term a from prefix-list-filter NONE orlonger"],
            "Policy error: prefix-list NONE referenced but not defined",
        ),
        (
            ["set firewall family inet filter F term a from source-address 2001:db8::/32"],
            "invalid address '2001:db8::/32'",
        ),
        (["set firewall family inet filter F"], "filter has no terms"),
    ],
)
def test_what_else_fails_the_check_out(router: Router, lines: list[str], complaint: str) -> None:
    """GUESS: wording, except of the policy errors."""
    shell = entered(router)
    for line in lines:
        assert asked(shell, line) == ""
    answer = asked(shell, "commit")
    assert complaint in answer
    assert answer.endswith("error: configuration check-out failed")
    assert router.running() == CONFIGURATION


def test_seventeen_filters_in_a_list_are_too_many(router: Router) -> None:
    """Manual: up to 16; GUESS: the words."""
    shell = entered(router)
    for number in range(17):
        asked(shell, f"set firewall family inet filter F{number} term a then accept")
        asked(shell, f"set interfaces ge-0/0/0 unit 0 family inet filter input-list F{number}")
    assert "more than 16 filters" in asked(shell, "commit")
    asked(shell, "delete interfaces ge-0/0/0 unit 0 family inet filter input-list F3")
    assert asked(shell, "commit") == "commit complete"


def test_inactive_statements_are_not_checked(router: Router) -> None:
    shell = entered(router)
    asked(shell, "set interfaces ge-0/0/0 unit 0 family inet filter input NONE")
    asked(shell, "deactivate interfaces ge-0/0/0 unit 0 family inet filter")
    assert asked(shell, "commit") == "commit complete"


def test_a_deactivated_prefix_list_counts_as_undefined(router: Router) -> None:
    """GUESS."""
    shell = entered(router)
    for line in (
        "set firewall family inet filter BASE term rest from source-prefix-list MINE",
        "deactivate policy-options prefix-list MINE",
    ):
        asked(shell, line)
    assert "'MINE' is not defined" in asked(shell, "commit")


def test_a_missing_mandatory_statement_has_a_suffix_of_its_own(corpus: Path) -> None:
    router = Router(options=JunosOptions(requires_root_authentication=True, licensed=False))
    shell = entered(router)
    asked(shell, "set protocols ospf area 0 interface lo0")
    live = (corpus / "devices/junos/errors/evo_commit_check_missing_mandatory.txt").read_text()
    assert asked(shell, "commit check").splitlines() == live.splitlines()[1:]


def test_a_warning_does_not_stop_a_commit(router: Router) -> None:
    router.options.licensed = False
    shell = entered(router)
    asked(shell, "set protocols ospf area 0 interface lo0")
    assert asked(shell, "commit").splitlines() == [
        "[edit protocols]",
        "  'ospf'",
        "    warning: requires 'OSPF' license",
        "commit complete",
    ]


def test_evolved_refuses_next_term_at_the_end(router: Router) -> None:
    """Manual; GUESS: the words."""
    router.options.evolved = True
    shell = entered(router)
    asked(shell, "set firewall family inet filter F term a from protocol tcp")
    asked(shell, "set firewall family inet filter F term a then next term")
    assert asked(shell, "commit").endswith("error: configuration check-out failed")


def test_a_platform_without_chains_refuses_them(router: Router) -> None:
    """GUESS: at commit, and the words."""
    router.options.has_filter_chains = False
    shell = entered(router)
    asked(shell, "set interfaces ge-0/0/0 unit 0 family inet filter input-chain BASE")
    assert "not supported" in asked(shell, "commit")


def test_a_full_forwarding_engine_refuses_the_commit(router: Router) -> None:
    """GUESS: that it shows at commit, and the words."""
    shell = entered(router)
    term = "firewall family inet filter ENF-IN term a"
    for line in (
        ADD,
        MORE,
        f"set {term} from source-prefix-list ENF-A",
        f"set {term} then discard",
    ):
        asked(shell, line)
    router.faults.full_at(2)
    assert asked(shell, "commit").endswith("error: configuration check-out failed")
    assert router.running() == CONFIGURATION
    router.faults.full_at(3)
    assert asked(shell, "commit") == "commit complete"


# ---------------- what commits print


def test_two_engines_print_a_line_each(corpus: Path) -> None:
    router = Router(options=JunosOptions(routing_engines=("re0", "re1"), mastership="{master}"))
    shell = entered(router)
    asked(shell, ADD)
    live = (corpus / "devices/junos/errors/commit_dual_re_ok.txt").read_text().splitlines()
    assert shell.prompt().splitlines()[1] == live[0]
    assert asked(shell, "commit").splitlines() == live[2:]


def test_a_confirmed_commit_prints_what_a_live_one_prints(router: Router, corpus: Path) -> None:
    live = (corpus / "devices/junos/errors/commit_confirmed_ok.txt").read_text().splitlines()
    shell = entered(router)
    asked(shell, ADD)
    assert asked(shell, "commit confirmed").splitlines() == live[1:]


def test_commit_and_quit_leaves(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    assert asked(shell, "commit and-quit") == "commit complete\nExiting configuration mode"
    assert not shell.prompt().endswith("# ")


def test_unknown_options_of_commit_commit_nothing(router: Router) -> None:
    shell = entered(router)
    asked(shell, ADD)
    assert asked(shell, "commit bogus").endswith("syntax error.")
    assert asked(shell, "commit comment").endswith("missing argument.")
    assert router.running() == CONFIGURATION
