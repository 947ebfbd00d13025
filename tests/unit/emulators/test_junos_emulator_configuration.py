# SPDX-License-Identifier: GPL-2.0-or-later
"""The emulated Junos: the configuration tree, its edits, how it is shown and loaded."""

import pytest

from lab.emulators.juniper_junos import JunosOptions, Router
from lab.emulators.shell import Shell

OPERATOR = """\
set version 21.4R3
set system host-name edge
set system services netconf ssh
set interfaces ge-0/0/0 description "to customer A"
set interfaces ge-0/0/0 unit 0 family inet filter input BASE
set interfaces ge-0/0/0 unit 0 family inet address 192.0.2.1/24
set interfaces ge-0/0/0 unit 0 family inet6 address 2001:db8::1/64
set protocols bgp group PEERS import CLEAN
set protocols bgp group PEERS neighbor 192.0.2.9 peer-as 64500
set policy-options prefix-list MINE 198.51.100.0/24
set policy-options policy-statement CLEAN term all then accept
set firewall family inet filter BASE term ssh from protocol tcp
set firewall family inet filter BASE term ssh from destination-port 22
set firewall family inet filter BASE term ssh then discard
set firewall family inet filter BASE term rest then accept
"""
BRACES = """\
policy-options {
    prefix-list MINE {
        198.51.100.0/24;
    }
    policy-statement CLEAN {
        term all {
            then accept;
        }
    }
}
"""


@pytest.fixture
def router() -> Router:
    router = Router()
    router.load(OPERATOR)
    return router


@pytest.fixture
def shell(router: Router) -> Shell:
    """A session in exclusive configuration mode."""
    shell = router.other_operator("admin")
    shell.line("configure exclusive")
    return shell


def loaded(shell: Shell, text: str, kind: str = "set") -> str:
    """What `load KIND terminal` of `text` prints."""
    assert shell.line(f"load {kind} terminal").text == "[Type ^D at a new line to end input]"
    for line in text.splitlines():
        assert shell.line(line).text == ""
    reply = shell.end_of_file("")
    assert reply is not None
    return reply.text


def shown(shell: Shell, path: str = "") -> list[str]:
    """The candidate in set format."""
    return shell.line(f"show {path} | display set").text.splitlines()


# ---------------------------------------------------------------- display


def test_the_operators_configuration_is_kept_verbatim_and_in_order(router: Router) -> None:
    assert router.running() == OPERATOR
    shell = router.other_operator()
    assert shell.line("show configuration | display set").text + "\n" == OPERATOR


def test_braces_and_set_format_say_the_same(router: Router, shell: Shell) -> None:
    assert shell.line("show policy-options").text == "\n".join(
        line.removeprefix("    ") for line in BRACES.splitlines()[1:-1]
    )
    other = Router()
    other.load("\n".join(router.other_operator().line("show configuration").text.splitlines()))
    assert other.running() == OPERATOR


def test_show_configuration_begins_with_the_last_commit(router: Router) -> None:
    shell = router.other_operator()
    assert shell.line("show configuration").text.startswith("## Last commit: ")
    assert "## Last" not in shell.line("show configuration policy-options").text


def test_a_section_is_shown_in_full_paths(shell: Shell) -> None:
    assert shown(shell, "policy-options prefix-list MINE") == [
        "set policy-options prefix-list MINE 198.51.100.0/24"
    ]
    assert shown(shell, "policy-options prefix-list NONE") == []


def test_a_list_without_a_key_is_shown_whole(shell: Shell) -> None:
    shell.line("set policy-options prefix-list OTHER 192.0.2.0/24")
    assert shown(shell, "policy-options prefix-list") == [
        "set policy-options prefix-list MINE 198.51.100.0/24",
        "set policy-options prefix-list OTHER 192.0.2.0/24",
    ]
    assert shell.line("show policy-options prefix-list").text.splitlines() == [
        "prefix-list MINE {",
        "    198.51.100.0/24;",
        "}",
        "prefix-list OTHER {",
        "    192.0.2.0/24;",
        "}",
    ]
    assert shown(shell, "protocols bgp group PEERS neighbor")[0].endswith("192.0.2.9 peer-as 64500")
    assert shown(shell, "routing-options rib") == []


def test_one_value_of_a_list_stands_alone_and_several_in_brackets(shell: Shell) -> None:
    path = "interfaces ge-0/0/0 unit 0 family inet filter"
    shell.line(f"delete {path} input")
    shell.line(f"set {path} input-list ENF-IN")
    assert shell.line(f"show {path}").text == "input-list ENF-IN;"
    shell.line(f"set {path} input-list BASE")
    assert shell.line(f"show {path}").text == "input-list [ ENF-IN BASE ];"
    assert shown(shell, path) == [
        f"set {path} input-list ENF-IN",
        f"set {path} input-list BASE",
    ]


def test_sections_are_shown_in_the_order_of_the_schema(router: Router, shell: Shell) -> None:
    shell.line("set firewall family inet6 filter SIX term a then accept")
    shell.line("set chassis alarm management-ethernet link-down ignore")
    lines = shown(shell)
    assert lines.index("set chassis alarm management-ethernet link-down ignore") == 3
    assert lines[-1] == "set firewall family inet6 filter SIX term a then accept"


# ---------------------------------------------------------------- edits


def test_set_is_idempotent_and_takes_several_statements(router: Router, shell: Shell) -> None:
    term = "firewall family inet filter F term t"
    shell.line(f"set {term} from protocol tcp destination-port [ 25 80 ]")
    shell.line(f"set {term} then count c discard")
    once = shown(shell)
    shell.line(f"set {term} from destination-port 25")
    assert shown(shell) == once
    assert shown(shell, term) == [
        f"set {term} from protocol tcp",
        f"set {term} from destination-port 25",
        f"set {term} from destination-port 80",
        f"set {term} then count c",
        f"set {term} then discard",
    ]


def test_actions_of_one_choice_replace_each_other(shell: Shell) -> None:
    term = "firewall family inet filter BASE term ssh"
    shell.line(f"set {term} then accept")
    assert shown(shell, f"{term} then") == [f"set {term} then accept"]


def test_delete_leaves_no_empty_containers_but_keeps_named_entries(shell: Shell) -> None:
    shell.line("delete policy-options prefix-list MINE 198.51.100.0/24")
    assert shown(shell, "policy-options prefix-list MINE") == [
        "set policy-options prefix-list MINE"
    ]
    shell.line("set routing-options static route 192.0.2.77/32 discard")
    shell.line("delete routing-options static route 192.0.2.77/32")
    assert shown(shell, "routing-options") == []


def test_withdrawing_everything_gives_back_the_operators_lines(
    router: Router, shell: Shell
) -> None:
    path = "interfaces ge-0/0/0 unit 0 family inet filter"
    for line in (
        "set policy-options prefix-list ENF-A 203.0.113.1/32",
        "set firewall family inet6 filter ENF-IN6 term a then discard",
        f"delete {path} input",
        f"set {path} input-list [ ENF-IN BASE ]",
        f"delete {path} input-list",
        f"set {path} input BASE",
        "delete firewall family inet6 filter ENF-IN6",
        "delete policy-options prefix-list ENF-A",
    ):
        assert shell.line(line).text == ""
    assert "".join(f"{line}\n" for line in shown(shell)) == OPERATOR
    assert shell.line("show | compare").text == ""


def test_deleting_what_is_not_there_is_a_warning(shell: Shell) -> None:
    answer = shell.line("delete policy-options prefix-list NONE").text
    assert answer == "warning: statement not found"
    assert loaded(shell, "delete policy-options prefix-list NONE").endswith("load complete")


def test_delete_of_everything_asks(shell: Shell) -> None:
    before = shown(shell)
    assert shell.line("delete").question
    shell.line("no")
    assert shown(shell) == before
    shell.line("delete")
    shell.line("yes")
    assert shown(shell) == []


def test_deactivated_statements_are_marked_in_both_forms(shell: Shell) -> None:
    shell.line("deactivate protocols bgp group PEERS neighbor 192.0.2.9")
    assert shown(shell, "protocols")[-1] == (
        "deactivate protocols bgp group PEERS neighbor 192.0.2.9"
    )
    assert "inactive: neighbor 192.0.2.9 {" in shell.line("show protocols").text
    shell.line("activate protocols bgp group PEERS neighbor 192.0.2.9")
    assert shell.line("show | compare").text == ""


def test_insert_moves_terms_and_values(shell: Shell) -> None:
    base = "firewall family inet filter BASE"
    shell.line(f"insert {base} term rest before term ssh")
    assert shown(shell, base)[0] == f"set {base} term rest then accept"
    assert "!" in shell.line("show | compare").text
    shell.line(f"insert {base} term rest after term ssh")
    assert shell.line("show | compare").text == ""
    neighbor = "protocols bgp group PEERS"
    shell.line(f"set {neighbor} import ENF-IMPORT")
    shell.line(f"insert {neighbor} import ENF-IMPORT before CLEAN")
    assert shown(shell, f"{neighbor} import") == [
        f"set {neighbor} import ENF-IMPORT",
        f"set {neighbor} import CLEAN",
    ]
    assert "not found" in shell.line(f"insert {base} term ssh before term nowhere").text


def test_rename_keeps_the_place(shell: Shell) -> None:
    base = "firewall family inet filter BASE"
    shell.line(f"rename {base} term ssh to term remote")
    assert [line.split()[7] for line in shown(shell, base)] == ["remote"] * 3 + ["rest"]
    assert "already exists" in shell.line(f"rename {base} term remote to term rest").text


def test_prefixes_are_shown_in_canonical_form(shell: Shell) -> None:
    """GUESS: a bare address becomes a host prefix, host bits are refused."""
    shell.line("set policy-options prefix-list L 192.0.2.1")
    shell.line("set policy-options prefix-list L 2001:DB8:0::/48")
    assert shown(shell, "policy-options prefix-list L") == [
        "set policy-options prefix-list L 192.0.2.1/32",
        "set policy-options prefix-list L 2001:db8::/48",
    ]
    assert "^" in shell.line("set policy-options prefix-list L 192.0.2.1/24").text


def test_levels(shell: Shell) -> None:
    shell.line("edit firewall family inet filter BASE")
    assert shell.prompt().splitlines()[1] == "[edit firewall family inet filter BASE]"
    shell.line("set term extra then accept")
    assert shown(shell)[-1] == "set firewall family inet filter BASE term extra then accept"
    shell.line("up")
    assert shell.prompt().splitlines()[1] == "[edit firewall family inet]"
    assert shell.line("top show | compare").text != ""
    assert shell.prompt().splitlines()[1] == "[edit firewall family inet]"
    shell.line("top")
    assert shell.prompt().splitlines()[1] == "[edit]"


# ---------------------------------------------------------------- compare


def test_compare_names_the_place_and_the_lines(shell: Shell) -> None:
    shell.line("set policy-options prefix-list MINE 198.51.101.0/24")
    shell.line("delete firewall family inet filter BASE term ssh then discard")
    shell.line("set firewall family inet filter BASE term ssh then accept")
    assert shell.line("show | compare").text.splitlines() == [
        "[edit policy-options prefix-list MINE]",
        "+   198.51.101.0/24;",
        "[edit firewall family inet filter BASE term ssh then]",
        "-   discard;",
        "+   accept;",
    ]
    assert shell.line("show policy-options | compare").text.splitlines() == [
        "[edit policy-options prefix-list MINE]",
        "+   198.51.101.0/24;",
    ]


# ---------------------------------------------------------------- refusals


def test_a_bad_line_gets_a_caret_under_its_word_and_changes_nothing(shell: Shell) -> None:
    before = shown(shell)
    line = "set firewall famly inet filter F term t then discard"
    caret, words = shell.line(line).text.splitlines()
    assert words == "syntax error."
    prompt = shell.prompt().splitlines()[-1]
    assert (prompt + line)[caret.index("^") :].startswith("famly")
    assert shell.line("sett firewall").text.splitlines()[-1] == "unknown command."
    assert shown(shell) == before
    assert shell.line("show | compare").text == ""


def test_a_condition_that_cannot_be_evaluated_is_refused(shell: Shell) -> None:
    line = "set firewall family inet filter F term t from packet-length 100"
    assert shell.line(line).text.endswith("syntax error.")


def test_load_set_loads_the_good_lines_and_counts_the_bad(shell: Shell) -> None:
    text = """\
set policy-options prefix-list L 192.0.2.1/32
set policy-options prefix-lst L 192.0.2.2/32
bogus
# a comment
set policy-options prefix-list L 192.0.2.3/32
"""
    assert loaded(shell, text).splitlines() == [
        "terminal:2:(19) syntax error: prefix-lst",
        "terminal:3:(0) unknown command: bogus",
        "load complete (2 errors)",
    ]
    assert shown(shell, "policy-options prefix-list L") == [
        "set policy-options prefix-list L 192.0.2.1/32",
        "set policy-options prefix-list L 192.0.2.3/32",
    ]


def test_newer_releases_hide_the_count_and_keep_the_head_of_a_bad_line() -> None:
    """Live: `terminal:1:(36) syntax error: metric`, `load complete`, and the head is there."""
    options = JunosOptions(counts_load_errors=False, keeps_head_of_bad_line=True)
    router = Router(options=options)
    shell = router.other_operator()
    shell.line("configure")
    answer = loaded(shell, "set policy-options prefix-list L bogus")
    assert answer.splitlines()[-1] == "load complete"
    assert answer.startswith("terminal:1:(33) ")
    assert shown(shell) == ["set policy-options prefix-list L"]


def test_ctrl_c_drops_the_input_of_a_load(shell: Shell) -> None:
    shell.line("load set terminal")
    shell.line("set policy-options prefix-list L 192.0.2.1/32")
    shell.interrupt("")
    assert shell.line("show | compare").text == ""


def test_load_merge_adds_and_override_replaces(shell: Shell) -> None:
    more = "policy-options {\n    prefix-list L {\n        192.0.2.1/32;\n    }\n}\n"
    assert loaded(shell, more, "merge") == "load complete"
    assert "set policy-options prefix-list L 192.0.2.1/32" in shown(shell)
    assert "set system host-name edge" in shown(shell)
    assert loaded(shell, BRACES, "override") == "load complete"
    assert shown(shell) == [
        "set policy-options prefix-list MINE 198.51.100.0/24",
        "set policy-options policy-statement CLEAN term all then accept",
    ]


def test_an_override_with_an_error_replaces_nothing(shell: Shell) -> None:
    before = shown(shell)
    text = "policy-options {\n    prefix-lst MINE {\n        198.51.100.0/24;\n    }\n}\n"
    assert loaded(shell, text, "override").splitlines() == [
        "terminal:2:(4) syntax error: prefix-lst",
        "  [edit policy-options]",
        "    'prefix-lst MINE;'",
        "      syntax error",
        "load complete (1 errors)",
    ]
    assert shown(shell) == before


def test_a_class_without_the_right_is_denied() -> None:
    router = Router(options=JunosOptions(edit_rights={"enforcer": ("policy-options prefix-list",)}))
    shell = router.other_operator("enforcer")
    shell.line("configure")
    assert shell.line("set firewall family inet filter F").text == "error: permission denied"
    assert loaded(shell, "set system host-name x\nset policy-options prefix-list L") == (
        "error: permission denied\nload complete (1 errors)"
    )
    assert shown(shell) == ["set policy-options prefix-list L"]


def test_a_view_only_class_cannot_configure() -> None:
    """GUESS: the command is unknown to such a class."""
    router = Router(options=JunosOptions(view_only=frozenset({"guest"})))
    shell = router.other_operator("guest")
    assert shell.line("configure").text.endswith("unknown command.")
    assert not shell.configuring


def test_the_initial_configuration_is_checked_for_syntax() -> None:
    with pytest.raises(ValueError, match="famly"):
        Router().load("set firewall famly inet")
    with pytest.raises(ValueError, match="prefix-lst"):
        Router().load("policy-options {\n  prefix-lst L;\n}\n")
