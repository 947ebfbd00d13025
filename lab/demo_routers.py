# SPDX-License-Identifier: GPL-2.0-or-later
"""One order on a Linux router and on EMULATED Cisco IOS, IOS-XR and Juniper Junos routers.

A scene of its own: its controller runs on all edges of ``lab/isp-vendors.clab.yml`` before the
one of the other scenes runs on the Linux routers. The Linux router answers with packets; of the
others, the emulator is asked what the configuration would do with a packet.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from lab.demo_rows import Check
from lab.inside import current
from lab.installation import Controller, Installation
from lab.isp import CUST2, MAILSINK, RELAY
from lab.shell import wait_until
from lab.traffic.crafted import passage, tcp
from lab.vendors import (
    IOS,
    JUNOS,
    PLATFORMS,
    ROUTERS,
    XR,
    emulated,
    enrol,
    inventory_for,
    operators_own,
    remove_mark,
    segment,
)

LINUX = "edge1"
CUSTOMER = "cust2"
ORDER = ("block-port", CUSTOMER, "--port", "25", "--except", "relay")
LINES = {IOS: "Ethernet0/2", XR: "GigabitEthernet0/0/0/0", JUNOS: "ge-0/0/1.0"}
"""Where the customer is attached."""
PATIENCE = "60s"
SHOWN = 3  # lines of a run of new lines that are shown
NOTE = (
    "ios1, xr1 and junos1 are EMULATED (lab/emulators): no vendor's software runs here."
    " edge1 is a Linux kernel."
)


@dataclass
class RouterAct:
    """What the scene found: checks, and passages for people, each with a heading."""

    checks: list[Check] = field(default_factory=list)
    passages: list[tuple[str, str]] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Whether everything was as it must be."""
        return all(check.ok for check in self.checks)

    def check(self, what: str, ok: bool, detail: str = "") -> None:
        """Note what must hold."""
        self.checks.append(Check(what, ok, detail))

    def show(self, heading: str, text: str) -> None:
        """Note what a person should see."""
        self.passages.append((heading, text.rstrip()))


def one_order_on_four_platforms(folder: Path, say: Callable[[str], None]) -> RouterAct:
    """Place it, see what was written where, have a part removed by hand, lift it.

    Args:
        folder: an empty directory for the scene's own installation.
        say: tells a person what is being done.
    """
    act = RouterAct()
    _flush()
    enrol(folder)
    installation = Installation(folder, inventory_for(folder))
    installation.create()
    before = {router: _configuration(router) for router in (LINUX, *ROUTERS)}
    with Controller(installation) as controller:
        say("a controller on edge1, core1 and the EMULATED ios1, xr1, junos1")
        wait_until(
            lambda: all(one["status"] == "ok" for one in installation.ask("device", "list")),
            "every router is read",
            timeout=60,
        )
        order = _placed(act, installation, say)
        _written(act, before, order)
        _answers(act, "with the order", stopped=True)
        for router in ROUTERS:
            _tampered(act, controller, say, router)
        _lifted(act, installation, say, order)
        _back(act, before)
        act.check("the controller never died", controller.deaths == 0)
    for router in ROUTERS:
        remove_mark(router)
    _flush()
    return act


def _placed(act: RouterAct, installation: Installation, say: Callable[[str], None]) -> str:
    words = ("order", *ORDER, "--for", "7d", "--reason", "spam run", "--wait", PATIENCE)
    say(f"enforcer {' '.join(words[:-2])}")
    order: dict[str, Any] = installation.ask(*words)
    statuses = {one["device"]: one["status"] for one in order["devices"]}
    wanted = dict.fromkeys((LINUX, *ROUTERS), "enforced")
    said = ", ".join(f"{name} {status}" for name, status in statuses.items())
    act.check("one order is enforced on four platforms", statuses == wanted, said)
    shown = installation.text("order", "show", order["id"])
    act.show(f"$ enforcer order show {order['id']}: proof per device", shown)
    return str(order["id"])


def _written(act: RouterAct, before: dict[str, list[str]], order: str) -> None:
    for router in (LINUX, *ROUTERS):
        after = _configuration(router)
        count = sum(len(run) for _, run in _new_lines(before[router], after))
        if router == LINUX:
            shown = [
                f"+ {line.strip()}" for line in after if order in line or "dport 25 ip" in line
            ]
        else:
            shown = list(_cut(_new_lines(before[router], after)))
        act.show(f"{_called(router)}: {count} new lines stand there, in short", "\n".join(shown))
        act.check(f"{_called(router)}: lines were written", count > 0, f"{count} lines")


def _answers(act: RouterAct, when: str, *, stopped: bool) -> None:
    wanted = (not stopped, True, True)
    for router in ROUTERS:
        line = LINES[router]
        found = tuple(
            emulated(router).would_pass(segment(CUST2.v4, to, port), line, "in")
            for to, port in ((MAILSINK.v4, 25), (RELAY.v4, 25), (MAILSINK.v4, 80))
        )
        asked = f"{_called(router)}, asked at {line} {when}"
        act.check(asked, found == wanted, _said(*found))
    probes = [tcp(CUST2.v4, to.v4, 25, flags="A") for to in (MAILSINK, RELAY)]
    web = tcp(CUST2.v4, MAILSINK.v4, 80, flags="A")
    mail = not passage(CUSTOMER, "mailsink", probes[:1], control=web).all_dropped
    relay = not passage(CUSTOMER, "relay", probes[1:], control=tcp(CUST2.v4, RELAY.v4, 80)).passed
    found = (mail, not relay, True)
    act.check(f"{_called(LINUX)}, by packets {when}", found == wanted, _said(*found))


def _said(mail: bool, relay: bool, web: bool) -> str:
    words = {True: "passes", False: "is stopped"}
    return f"mail {words[mail]}, mail to the relay {words[relay]}, the web {words[web]}"


def _tampered(
    act: RouterAct, controller: Controller, say: Callable[[str], None], router: str
) -> None:
    """An operator removes our part by hand; the next full pass puts it back."""
    asked, mail = emulated(router), segment(CUST2.v4, MAILSINK.v4, 25)
    running = asked.running()
    commands = _removal(router, running.splitlines())
    say(f"{_called(router)}, by hand: {' / '.join(commands)}")
    mark = controller.log.mark()
    asked.by_hand(*commands)
    leaked = asked.would_pass(mail, LINES[router], "in")
    controller.installation.text("device", "reconcile", router)
    said = controller.log.await_repair(router, mark)
    stopped = not asked.would_pass(mail, LINES[router], "in")
    again = operators_own(asked.running()) == operators_own(running)
    typed = [f"{router}# {command}" for command in commands]
    act.show(
        f"{_called(router)}: an operator removes our line by hand",
        "\n".join([*typed, f"$ enforcer device reconcile {router}", said]),
    )
    act.check(f"{_called(router)}: mail passed when our line was gone", leaked)
    act.check(f"{_called(router)}: repaired, mail is stopped again", stopped and again)


def _removal(router: str, running: Sequence[str]) -> list[str]:
    """What an operator would type to be rid of our line on the customer's interface."""
    if router == JUNOS:
        ours = next(
            line
            for line in running
            if line.startswith("set interfaces ge-0/0/1 unit 0 family inet filter input-list ENF-")
        )
        return [ours.replace("set ", "delete ", 1)]
    family = "ip access-list extended" if router == IOS else "ipv4 access-list"
    begin = list(running).index(f"{family} CUST2-IN")
    ours = next(line.strip() for line in running[begin:] if "deny" in line and " ENF-" in line)
    return [f"{family} CUST2-IN", f"no {ours.split()[0]}"]


def _lifted(
    act: RouterAct, installation: Installation, say: Callable[[str], None], order: str
) -> None:
    say(f"enforcer order lift {order}")
    words = ("order", "lift", order, "--reason", "cleaned up", "--wait", PATIENCE)
    lifted = installation.ask(*words)
    gone = {one["status"] for one in lifted["devices"]} == {"lifted"}
    act.check("lifted everywhere", gone and lifted["status"] == "lifted", lifted["status"])
    _answers(act, "after it", stopped=False)


def _back(act: RouterAct, before: dict[str, list[str]]) -> None:
    for router in ROUTERS:
        running = emulated(router).running()
        same = operators_own(running).splitlines() == before[router]
        what = f"{_called(router)}: the operator's configuration again, byte for byte"
        kept = [
            line.strip()
            for _, run in _new_lines(before[router], running.splitlines())
            for line in run
            if line != "!"
        ]
        more = f" and {len(kept) - SHOWN} lines" if len(kept) > SHOWN else ""
        act.check(what, same, f"but for our mark: {' / '.join(kept[:SHOWN])}{more}")


def _configuration(router: str) -> list[str]:
    if router == LINUX:
        return current().run(LINUX, "nft", "list", "ruleset").stdout.splitlines()
    return emulated(router).running().splitlines()


def _new_lines(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Runs of lines that were not there, in their order, each with the section it begins in."""
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, _, _, begin, end in matcher.get_opcodes():
        if tag in ("insert", "replace"):
            inside = after[begin].startswith(" ")
            heads = [line for line in after[:begin] if not line.startswith((" ", "!"))]
            yield heads[-1] if inside and heads else "", list(after[begin:end])


def _cut(runs: Iterable[tuple[str, Sequence[str]]]) -> Iterator[str]:
    """Runs of lines for people: of each section the first lines, and how many follow."""
    last = ""
    for head, run in runs:
        if head and head != last:
            yield f"  {head}"
        last = head
        sections: list[list[str]] = [[]]
        for line in run:
            if line == "!":
                sections.append([])
            else:
                sections[-1].append(line)
        for lines in sections:
            yield from (f"+ {line}" for line in lines[:SHOWN])
            if len(lines) > SHOWN:
                yield f"+   ... {len(lines) - SHOWN} more"


def _called(router: str) -> str:
    return (
        f"{router} (emulated {PLATFORMS[router]})"
        if router in PLATFORMS
        else f"{router} (nftables)"
    )


def _flush() -> None:
    for router in (LINUX, "core1"):
        current().run(router, "nft", "flush", "ruleset")
