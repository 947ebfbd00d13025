# SPDX-License-Identifier: GPL-2.0-or-later
"""The order desk: inventory, customers, decisions about devices, sources, alarms, protected."""

from __future__ import annotations

import pytest

from enforcer.application.commands import MoveAttachment, Reconfirm
from enforcer.application.desk_views import InventoryDiff
from enforcer.application.views import InventoryReport
from enforcer.errors import InvalidInput
from tests.fakes.views import a_device, an_inventory_change
from tests.unit.cli.shell import Shell

WHY = ("--reason", "as agreed")


def said(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("in_force", "says"),
    [(True, "it is in force"), (False, "'enforcer inventory reload'"), (None, "")],
)
def test_check_says_whether_the_files_are_in_force(
    shell: Shell, in_force: bool | None, says: str
) -> None:
    shell.application.checked = InventoryReport(ok=True, devices=2, in_force=in_force)
    shown = shell.run("inventory", "check").stdout
    assert says in shown
    assert ("in force" in shown) is (in_force is not None)


def test_show_has_all_sections(shell: Shell) -> None:
    shown = said(shell.run("inventory", "show").stdout)
    for part in (
        "3h ago",
        "devices (1) edge1 · platform: nftables · roles: border",
        "customers (1) acme · prefixes: 192.0.2.0/25",
        "relay · entries: {prefixes: 198.51.100.25/32}",
        "protected (2) 198.51.100.0/24",
        "pools (1) 192.0.2.64/26 · lease: 3600",
    ):
        assert part in shown
    assert "feeds" not in shown


def test_show_of_one_section(shell: Shell) -> None:
    shown = shell.run("inventory", "show", "service-sets", "pools").stdout
    assert "relay" in shown
    assert "acme" not in shown
    view = shell.json("inventory", "show", "pools")
    assert (view["devices"], view["protected"], view["service_sets"]) == ([], [], [])
    assert view["pools"]
    assert shell.run("inventory", "show", "doors").exit_code == 2


def test_diff_shows_what_is_gained_lost_and_braked(shell: Shell) -> None:
    shell.application.coming = an_inventory_change()
    result = shell.run("inventory", "diff")
    assert result.exit_code == 0
    for part in (
        "+ customer newsco added",
        "= customer gone kept: left the files",
        "edge1 +3 -40 would be held by the brake",
        "could no longer hold 0001-Y: no IPv6",
        "warning: customer gone left the files",
        "Nothing was changed.",
    ):
        assert part in said(result.stdout)
    assert shell.json("inventory", "diff")["devices"][0]["braked"] is True


def test_files_that_cannot_be_loaded_change_nothing(shell: Shell) -> None:
    shell.application.coming = InventoryDiff(ok=False, problems=["a.yaml:3: devices: no"])
    for command in ("diff", "reload"):
        result = shell.run("inventory", command)
        assert result.exit_code == 1
        assert "a.yaml:3: devices: no" in result.stdout
        assert "what is in force stays in force" in result.stdout
    shell.at_a_terminal = True
    before = shell.names().count("inventory_reload")
    assert shell.run("inventory", "reload").exit_code == 1
    assert shell.names().count("inventory_reload") == before, "it was not even asked for"


def test_reload_of_nothing_new(shell: Shell) -> None:
    result = shell.run("inventory", "reload", "--reason", "x")
    assert result.exit_code == 0
    assert shell.last("inventory_reload") == "x"
    assert shell.json("inventory", "reload")["applied"] is True
    assert "the files say what is in force" in shell.run("inventory", "diff").stdout


@pytest.mark.parametrize(
    "grave",
    [
        an_inventory_change(warnings=[], changes=[]),
        an_inventory_change(devices=[], changes=[]),
        an_inventory_change(devices=[], warnings=[]),
    ],
    ids=["braked", "warned", "lost"],
)
def test_reload_asks_at_a_terminal_when_it_is_grave(shell: Shell, grave: InventoryDiff) -> None:
    shell.application.coming = grave
    shell.at_a_terminal = True
    declined = shell.run("inventory", "reload", answer="n\n")
    assert declined.exit_code == 1
    assert "Put this in force?" in declined.stderr
    assert shell.names() == ["inventory_diff"]
    accepted = shell.run("inventory", "reload", answer="y\n")
    assert "in force, change 42" in accepted.stdout
    assert shell.names()[-1] == "inventory_reload"


def test_reload_that_loses_nothing_is_not_asked_about(shell: Shell) -> None:
    gained = an_inventory_change(devices=[], warnings=[])
    shell.application.coming = gained.model_copy(update={"changes": gained.changes[:1]})
    shell.at_a_terminal = True
    result = shell.run("inventory", "reload")
    assert result.exit_code == 0
    assert "+ customer newsco added" in result.stdout


@pytest.mark.parametrize("option", [("--yes",), ("-o", "json")])
def test_reload_in_a_script_asks_nothing_and_tells_of_the_brake(
    shell: Shell, option: tuple[str, ...]
) -> None:
    shell.application.coming = an_inventory_change()
    shell.at_a_terminal = True
    result = shell.run("inventory", "reload", *option)
    assert result.exit_code == 5, "the brake holds edge1"
    assert shell.names() == ["inventory_reload"]


def test_customers(shell: Shell) -> None:
    shown = shell.run("customer", "list").stdout
    for part in ("acme", "192.0.2.0/25", "edge1 eth1", "shop", "gone"):
        assert part in shown
    one = said(shell.run("customer", "show", "gone").stdout)
    for part in ("confirm-gone", "2001:db8:a::/48", "a mail host for 40 domains", "Abuse desk"):
        assert part in one
    assert [view["name"] for view in shell.json("customer", "list")] == ["acme", "gone"]
    assert shell.json("customer", "show", "acme")["tenants"] == ["shop"]
    assert shell.run("customer", "show", "nobody").exit_code == 3


def test_a_customer_is_let_go_by_a_person_with_a_reason(shell: Shell) -> None:
    assert shell.run("customer", "confirm-gone", "gone").exit_code == 2
    shell.at_a_terminal = True
    assert shell.run("customer", "confirm-gone", "gone", *WHY, answer="n\n").exit_code == 1
    assert shell.names() == []
    assert shell.run("customer", "confirm-gone", "gone", *WHY, "--yes").exit_code == 0
    assert shell.last("customer_confirm_gone") == ("gone", "as agreed")
    assert shell.run("customer", "confirm-gone", "gone", *WHY, "-y").exit_code == 3


def test_pause_and_resume_of_a_device(shell: Shell) -> None:
    assert shell.run("device", "pause", "edge1").exit_code == 2
    assert "tester: as agreed" in shell.run("device", "pause", "edge1", *WHY).stdout
    assert "edge1: paused by tester: as agreed" in shell.run("device", "list").stdout
    assert shell.json("device", "resume", "edge1")["paused"] is None
    assert shell.run("device", "pause", "nowhere", *WHY).exit_code == 3


def test_release_shows_what_is_held_and_asks(shell: Shell) -> None:
    view = shell.application.device_views[0]
    said = "the brake holds 40 rows until `enforcer device release edge1`: 40 of 60 rules would go"
    held = {"held": said, "contested": ["set from4"]}
    shell.application.device_views[0] = view.model_copy(update=held)
    listed = shell.run("device", "list").stdout
    assert f"edge1: {said}" in " ".join(listed.split())
    assert "edge1: contested: set from4" in listed
    shell.at_a_terminal = True
    declined = shell.run("device", "release", "edge1", *WHY, answer="n\n")
    assert declined.exit_code == 1
    assert said in " ".join(declined.stdout.split())
    assert "device_release" not in shell.names()
    assert shell.run("device", "release", "edge1", *WHY, "--yes").exit_code == 0
    assert shell.last("device_release") == ("edge1", "as agreed")
    assert shell.json("device", "show", "edge1")["held"] is None


def test_a_marker_is_not_said_to_be_the_brake(shell: Shell) -> None:
    view = shell.application.device_views[0]
    said = "held by a marker on the device: nothing is written until it is taken away"
    shell.application.device_views[0] = view.model_copy(update={"held": said})
    for shown in (shell.run("device", "list").stdout, shell.run("device", "show", "edge1").stdout):
        assert said in " ".join(shown.split())
        assert "brake" not in shown and "release" not in shown


@pytest.mark.parametrize("mode", ["observe", "enforce", "inventory"])
def test_mode_of_a_device(shell: Shell, mode: str) -> None:
    assert shell.run("device", "mode", "edge1", mode, *WHY).exit_code == 0
    assert shell.last("device_mode") == ("edge1", mode, "as agreed")


def test_mode_needs_a_known_mode_and_a_reason(shell: Shell) -> None:
    assert shell.run("device", "mode", "edge1", "on", *WHY).exit_code == 2
    assert shell.run("device", "mode", "edge1", "observe").exit_code == 2
    assert shell.names() == []


def test_retire(shell: Shell) -> None:
    shell.at_a_terminal = True
    assert shell.run("device", "retire", "edge1", *WHY, answer="n\n").exit_code == 1
    assert shell.names() == []
    shown = shell.run("device", "retire", "edge1", *WHY, answer="y\n").stdout
    assert "is being drained" in shown
    assert "edge1: is being drained" in shell.run("device", "list").stdout
    assert shell.json("device", "show", "edge1")["leaving"] == "draining"


def test_move(shell: Shell) -> None:
    run = ("device", "move", "acme", "edge1", "eth1", *WHY)
    shell.at_a_terminal = True
    assert shell.run(*run, answer="n\n").exit_code == 1
    assert shell.names() == []
    assert "edge2 eth3" in shell.run(*run, "--yes").stdout
    assert shell.last("attachment_move") == MoveAttachment(
        customer="acme", device="edge1", place="eth1", reason="as agreed"
    )


def test_protected(shell: Shell) -> None:
    shown = shell.run("protected").stdout
    assert "our own servers" in shown
    assert "loopback of edge1" in shown
    overlapping = shell.json("protected", "198.51.100.0/25")
    assert [view["prefix"] for view in overlapping] == ["198.51.100.0/24"]
    assert "nothing of it is protected" in shell.run("protected", "203.0.113.1").stdout
    assert shell.json("protected", "2001:db8::1") == []


def test_sources(shell: Shell) -> None:
    shown = said(shell.run("source", "list").stdout)
    for part in ("api ● ok 40 of 1,000 2 7d", "/24 v4, /48 v6"):
        assert part in shown
    assert shell.run("source", "stop", "api").exit_code == 2
    stopped = shell.run("source", "stop", "api", "--reason", "it runs wild")
    assert "✖ stopped" in stopped.stdout
    assert "by tester: it runs wild" in said(stopped.stdout)
    assert "api: now" in shell.run("source", "list").stdout
    assert shell.json("source", "start", "api")["stopped"] is False
    assert shell.run("source", "start", "nobody").exit_code == 3


def test_alarms(shell: Shell) -> None:
    shown = said(shell.run("alarm", "list").stdout)
    for part in ("9m ago", "edge1", "braked", "40 of 60 rules"):
        assert part in shown
    assert [view["sequence"] for view in shell.json("alarm", "list")] == [7]
    assert [view["sequence"] for view in shell.json("alarm", "list", "--all")] == [7, 3]
    assert "over 2m ago" in said(shell.run("alarm", "list", "--all").stdout)
    shell.application.alarm_views = []
    assert "no alarms" in shell.run("alarm", "list").stdout


def test_status_tells_of_leader_and_alarms(shell: Shell) -> None:
    update = {"leader_name": "host1 pid 7", "alarms": 3}
    shell.application.state = shell.application.state.model_copy(update=update)
    shown = said(shell.run("status").stdout)
    for part in ("host1 pid 7", "3 open: 'enforcer alarm list'"):
        assert part in shown


def test_reconfirm(shell: Shell) -> None:
    shell.placed("block-address", "192.0.2.7", "-r", "x", "--for", "2h")
    assert shell.run("order", "reconfirm", "0001-Y").exit_code == 2
    assert shell.run("order", "reconfirm", "0001-Y", *WHY).exit_code == 0
    assert shell.last("reconfirm") == Reconfirm(order="0001-Y", reason="as agreed")
    assert shell.run("order", "reconfirm", "0002-W", *WHY).exit_code == 3


def test_a_new_order_says_what_was_confirmed(shell: Shell) -> None:
    run = ("block-address", "192.0.0.0/16", "-r", "x", "--for", "2h")
    assert not shell.placed(*run).confirm_wide
    command = shell.placed(*run, "--confirm-wide", "--confirm-collateral")
    assert (command.confirm_wide, command.confirm_collateral) == (True, True)


def test_a_preview_shows_collateral_and_what_is_withheld(shell: Shell) -> None:
    shell.application.collateral = ["shop, a tenant of acme, shares 192.0.2.9"]
    shell.application.withheld = ["192.0.2.255/32: loopback of edge1"]
    run = ("order", "block-address", "192.0.2.0/24", "-r", "x", "--for", "2h")
    shown = said(shell.run(*run, "--dry-run").stdout)
    assert "also hits shop, a tenant of acme, shares 192.0.2.9" in shown
    assert "withheld 192.0.2.255/32: loopback of edge1" in shown
    shell.at_a_terminal = True
    asked = shell.run(*run, answer="n\n")
    assert "a tenant of acme" in asked.stdout, "it is seen before it is confirmed"


@pytest.mark.parametrize(
    "arguments",
    [
        ("inventory", "reload"),
        ("customer", "list"),
        ("source", "stop", "api", "-r", "x"),
        ("alarm", "list"),
        ("protected", "rubbish"),
        ("device", "retire", "edge1", "-r", "x"),
        ("order", "reconfirm", "0001-Y", "-r", "x"),
    ],
)
def test_errors_leave_standard_output_clean(shell: Shell, arguments: tuple[str, ...]) -> None:
    shell.application.fails = InvalidInput("what?")
    result = shell.run(*arguments, "-o", "json")
    assert (result.exit_code, result.stdout) == (2, "")


def test_a_retired_device_that_only_waits_is_not_settled(shell: Shell) -> None:
    asked = ("device", "retire", "edge2", *WHY)
    result = shell.run(*asked)
    assert result.exit_code == 5
    assert "edge2 is not empty yet and stays in force" in result.stderr
    assert "away" in result.stderr
    shell.application.device_views[1] = a_device("edge2")
    assert shell.run(*asked).exit_code == 0
    observed = a_device("edge2").model_copy(update={"mode": "observe"})
    shell.application.device_views[1] = observed
    result = shell.run(*asked)
    assert result.exit_code == 5
    assert "'enforcer device mode edge2 enforce'" in " ".join(result.stderr.split())
    shell.application.device_views[1] = a_device("edge2", "not-adopted")
    result = shell.run(*asked)
    assert result.exit_code == 5
    assert "'enforcer device adopt edge2'" in " ".join(result.stderr.split())
