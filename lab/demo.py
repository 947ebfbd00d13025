# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration: every order of the mission, placed by command and measured with packets.

    python -m lab.demo [--keep] [--json FILE]

Brings the lab up in network namespaces, starts a controller there on a database of its own,
places the orders while packets flow, tampers with the routers, lets orders end, and prints what
the packets said. Exit code 0 only if every row holds. With ``--keep`` lab and controller stay up
until Ctrl-C.

First, in a lab of its own, a customer's leak is dropped on FRR and on BIRD and a victim is
blackholed. Then one order goes to a Linux router and to EMULATED Cisco and Juniper routers. What
was found is printed at the end.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from lab import bgp, demo_accounts, demo_bgp, front
from lab.demo_desk import collateral, refused, why_after, why_before, withheld
from lab.demo_endings import DELETE_TABLE, FLUSH_ALL, FLUSH_RULES, expire, overlap, tamper
from lab.demo_orders import (
    Demo,
    block_address,
    block_list,
    block_port,
    block_third_party,
    cut_feed,
    resume_feed,
    suspend_customer,
)
from lab.demo_routers import NOTE, RouterAct, one_order_on_four_platforms
from lab.demo_rows import BAD, GOOD, WIDTH, Check, show_check, show_checks, table, write_json
from lab.errors import LabError, NotInLab
from lab.inside import current
from lab.installation import Controller, Installation
from lab.isp import wait_for_isp
from lab.shell import wait_until
from lab.vendors import TOPOLOGY

TAIL = 30  # lines of the controller's log that are shown when something broke


def main() -> int:
    """The command line; returns the exit code."""
    options = _parse()
    try:
        current()
    except NotInLab:
        _enter_lab(options)
    signal.signal(signal.SIGTERM, _stop)
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {what}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory(prefix="enforcer-demo-") as folder:
        installation = Installation(Path(folder), desk=_desk_settings(options.url))
        controller = Controller(
            installation, lambda code: say(f"the controller ended with {code}: starting it again")
        )
        demo = Demo(installation, controller, say)
        try:
            held = _run(demo, options)
        except LabError as error:
            print(f"demo: {error}", file=sys.stderr)
            held = False
        except KeyboardInterrupt:
            return 130
        finally:
            controller.stop()
            if options.front is not None:
                shutil.rmtree(options.front.parent, ignore_errors=True)
        if not held:
            print(f"the controller's log ends:\n{controller.log.tail(TAIL)}", file=sys.stderr)
    return 0 if held else 1


def _run(demo: Demo, options: argparse.Namespace) -> bool:
    demo.say("the lab is up; waiting for routes, mail and news")
    wait_for_isp()
    act = _routers(demo)
    _start(demo, options)
    for scene in (why_before, block_address, why_after, refused, collateral, withheld):
        scene(demo)
    for scene in (block_port, block_third_party, block_list, cut_feed):
        scene(demo)
    tamper(demo, "edge1", *FLUSH_RULES)
    tamper(demo, "core1", *FLUSH_ALL)
    resume_feed(demo)
    suspend_customer(demo)
    tamper(demo, "edge1", *DELETE_TABLE)
    overlap(demo)
    expire(demo)
    held = _summary(demo, act, _of_bgp(options.bgp))
    if options.json:
        write_json(options.json, demo.rows)
    if options.keep:
        _stay(demo, options)
    return held


def _routers(demo: Demo) -> RouterAct:
    folder = demo.installation.folder / "routers"
    folder.mkdir()
    return one_order_on_four_platforms(folder, demo.say)


def _start(demo: Demo, options: argparse.Namespace) -> None:
    demo.say(f"enforcer init, in {demo.installation.folder}")
    demo.installation.create()
    demo.say("enforcer run")
    demo.controller.start()
    if options.front is not None:
        _open_desk(demo, options)
    wait_until(
        lambda: all(one["status"] == "ok" for one in demo.installation.ask("device", "list")),
        "every router is read and marked",
        timeout=30,
    )


def _open_desk(demo: Demo, options: argparse.Namespace) -> None:
    """As early as it answers: whoever wants to try it need not wait for the end."""
    demo.logins = demo_accounts.enrol(demo.installation)
    front.inner_end(options.front, demo_accounts.PORT)
    demo_accounts.wait_for(demo_accounts.PORT)
    print(f"\n{demo_accounts.shown(options.url, demo.logins)}\n", flush=True)


def _of_bgp(file: Path | None) -> RouterAct:
    """What the act in the other lab found; that it found nothing is a failure too."""
    if file is None:
        return RouterAct()
    try:
        return demo_bgp.read(file)
    except FileNotFoundError:
        return RouterAct([Check("the BGP act was played to its end", False)])
    finally:
        shutil.rmtree(file.parent)


def _summary(demo: Demo, act: RouterAct, routes: RouterAct) -> bool:
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    _show_act(console, "Routes and blackholes", demo_bgp.NOTE, routes)
    _show_act(console, "One order on four platforms", NOTE, act)
    console.print()
    console.print(table(demo.rows))
    show_checks(console, demo.rows)
    console.print("\n[italic]The order desk[/italic]")
    for check in demo.desk:
        show_check(console, check)
    chain = demo.installation.ask("audit", "verify")
    drift = demo.installation.ask("device", "drift")
    differing = [one["device"] for one in drift if one["findings"] or _differing(one)]
    facts = [
        ("the audit chain verifies", chain["ok"], f"{chain['entries']} entries"),
        ("no router differs from what is desired", not differing, ", ".join(differing)),
        ("the controller never died", demo.controller.deaths == 0, ""),
        *(("drift found and repaired", "nft" in said, said) for said in demo.repairs),
    ]
    for what, ok, detail in facts:
        console.print(f"{GOOD if ok else BAD} {what}: {detail}".rstrip(": "), highlight=False)
    print(f"\n$ enforcer order list --all\n{demo.installation.text('order', 'list', '--all')}")
    rows = all(row.ok for row in demo.rows) and all(check.ok for check in demo.desk)
    held = rows and act.held and routes.held and all(ok for _, ok, _ in facts)
    console.print("every row holds" if held else "[red]not every row holds[/red]")
    return held


def _show_act(console: Console, title: str, note: str, act: RouterAct) -> None:
    console.print(f"\n[italic]{title}[/italic]")
    console.print(note, highlight=False)
    for heading, text in act.passages:
        console.print(f"\n[bold]{escape(heading)}[/bold]", highlight=False)
        console.print(escape(text), highlight=False)
    console.print()
    for check in act.checks:
        show_check(console, check)


def _differing(drift: dict[str, int]) -> int:
    return drift["missing"] + drift["extra"] + drift["altered"]


def _desk_settings(url: str) -> str:
    if not url:
        return ""
    return f'[service.web]\nlisten = "127.0.0.1:{demo_accounts.PORT}"\nurl = "{url}"\n'


def _stay(demo: Demo, options: argparse.Namespace) -> None:
    if options.front is None:  # in a lab that somebody else brought up: no way out of it
        return _say_and_wait(demo, "")
    return _say_and_wait(demo, demo_accounts.shown(options.url, demo.logins))


def _say_and_wait(demo: Demo, desk: str) -> None:
    config = demo.installation.config
    print(
        f"""
{desk}

Lab and controller stay up; Ctrl-C here ends both. From another shell, in this directory:
  {sys.executable} -m lab.clabns --enter isp -- bash
and there, for example:
  export ENFORCER_CONFIG={config}
  enforcer order list
  enforcer why 198.51.100.11
  enforcer order block-address 198.51.100.12 --for 10m --reason "trying it out" --wait
  python -m lab.clabns --exec cust1 -- ping -c 3 -I 198.51.100.12 192.0.2.10
  python -m lab.clabns --exec edge1 -- nft delete table inet enforcer
  enforcer device list
  tail -f {demo.installation.log}""",
        flush=True,
    )
    try:
        while True:
            signal.pause()
    except KeyboardInterrupt:
        demo.say("ending")


def _enter_lab(options: argparse.Namespace) -> None:
    """This program again, as the command of a new lab; does not return."""
    found = _play_bgp()
    given = ["--bgp", str(found)]
    given += ["--keep", *_front()] if options.keep else []
    given += ["--json", str(options.json.absolute())] if options.json else []
    inside = [sys.executable, "-m", "lab.demo", *given]
    os.chdir(TOPOLOGY.parent.parent)
    lab = [sys.executable, "-m", "lab.clabns", str(TOPOLOGY), "--", *inside]
    os.execv(sys.executable, lab)


def _front() -> list[str]:
    """Opens the desk's port on this machine's loopback, for as long as this process lives."""
    path = Path(tempfile.mkdtemp(prefix="enforcer-demo-front-")) / "desk"
    port = front.listener()
    front.outer_end(port, path)
    return ["--front", str(path), "--url", f"http://127.0.0.1:{port.getsockname()[1]}"]


def _play_bgp() -> Path:
    """The act in the BGP lab, before this one is brought up; the file with what it found."""
    folder = Path(tempfile.mkdtemp(prefix="enforcer-demo-found-"))
    found = folder / "bgp.json"
    act = [sys.executable, "-m", "lab.demo_bgp", "--json", str(found)]
    lab = [sys.executable, "-m", "lab.clabns", str(bgp.TOPOLOGY), "--", *act]
    done = subprocess.run(lab, cwd=TOPOLOGY.parent.parent, check=False)
    if done.returncode not in (0, 1):
        sys.exit(done.returncode)
    return found


def _stop(number: int, _frame: object) -> None:
    sys.exit(128 + number)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m lab.demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave lab and controller running")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows there")
    parser.add_argument("--bgp", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--front", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--url", default="", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
