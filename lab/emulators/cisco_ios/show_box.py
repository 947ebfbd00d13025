# SPDX-License-Identifier: GPL-2.0-or-later
"""`show` of the box: configuration, version, clock, users, lock, archive, interfaces."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from lab.emulators.cisco_ios import render
from lab.emulators.cisco_ios.names import interface_name
from lab.emulators.cisco_ios.rollback import NOT_PENDING, stamp
from lab.emulators.cisco_ios.sections import Section, interface_lines
from lab.emulators.cisco_ios.words import InvalidInput, Refusal

if TYPE_CHECKING:
    from lab.emulators.cisco_ios.router import Router


def running_config(router: Router) -> str:
    """`show running-config`, with the lines that change by themselves above it."""
    text = router.running()
    changed = f"{router.clock.wall():%H:%M:%S UTC %a %b %-d %Y}"
    head = ["Building configuration...", "", f"Current configuration : {len(text)} bytes", "!"]
    head.append(f"! Last configuration change at {changed}" + router.changed_by)
    return "\n".join([*head, text])


def startup_config(router: Router) -> str:
    """`show startup-config`."""
    text = router.startup()
    return f"Using {len(text)} out of 33554432 bytes\n{text}"


def partition_access_list(router: Router) -> str:
    """`show running-config partition access-list` [corpus]."""
    lines = render.access_lists(router.configuration)
    text = "\n".join(["!", "Configuration of Partition - access-list", "!", "!", "!", "!", *lines])
    size = f"Current configuration : {len(text)} bytes"
    return f"Building configuration...\n\n{size}\n{text}\n!\n!\nend\n"


def section(text: str, pattern: str) -> str:
    """`| section PATTERN`: sections whose header or a line matches, as a whole [DOC].

    A matching top line brings the lines under it; a matching line inside brings its header
    and itself.
    """
    wanted = re.compile(pattern)
    found: list[str] = []
    header, inside, printed = "", False, False
    for line in text.split("\n"):
        if not line.startswith(" "):
            header, inside, printed = line, bool(wanted.search(line)), False
            if inside:
                found.append(line)
        elif inside:
            found.append(line)
        elif wanted.search(line):
            found += [line] if printed else [header, line]
            printed = True
    return "\n".join(found)


def interface_config(router: Router, typed: str) -> str:
    """`show running-config interface X`."""
    name = interface_name(typed)
    found = router.configuration.interfaces.get(name or "")
    if found is None:
        raise InvalidInput(0)
    lines = interface_lines(found)
    text = "\n".join([f"interface {name}", *(f" {line}" for line in lines), "end"])
    return f"Building configuration...\n\nCurrent configuration : {len(text)} bytes\n!\n{text}\n"


def version(router: Router) -> str:
    """`show version`; it says that the box is emulated."""
    uptime = int((router.clock.now() - router.booted).total_seconds())
    minutes, hours = uptime // 60 % 60, uptime // 3600
    return "\n".join(
        [
            f"Cisco IOS XE Software, Version {router.version.rpartition('.')[0]}.04a",
            "Cisco IOS Software [Cupertino], ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), "
            f"Version {router.version}, RELEASE SOFTWARE (fc3)",
            "EMULATED: this is not the vendor's software",
            "",
            "ROM: IOS-XE ROMMON",
            "",
            f"{router.hostname} uptime is {hours} hours, {minutes} minutes",
            "Uptime for this control processor is the same",
            "System returned to ROM by reload",
            f'System image file is "bootflash:emulated.{router.version}.SPA.bin"',
            "",
            "cisco C1100 (EMULATED) processor with 1417653K/6147K bytes of memory.",
            "Processor board ID EMULATED0",
            f"{len(router.configuration.interfaces)} Gigabit Ethernet interfaces",
            "",
            "Configuration register is 0x2102",
        ]
    )


def clock(router: Router) -> str:
    """`show clock`: the router's own idea of the time, skew and all."""
    now = router.clock.wall()
    return f"{now:%H:%M:%S}.{now.microsecond // 1000:03} UTC {now:%a %b} {now.day} {now.year}"


def users(router: Router, mine: int) -> str:
    """`show users`."""
    lines = ["    Line       User       Host(s)              Idle       Location"]
    for number, shell in sorted(router.shells.items()):
        mark = "*" if number == mine else " "
        lines.append(
            f"{mark} {number + 2:2} vty {number:<5}{shell.user:<11}idle                 "
            f"00:00:00   {shell.remote}"
        )
    return "\n".join([*lines, "", "  Interface    User               Mode         Idle     Peer"])


def configuration_lock(router: Router) -> str:
    """`show configuration lock` [corpus genie_ShowConfigurationLock]."""
    owner = router.lock_owner
    pid, user, tty, kind, state = (
        ("-1", "unknown", "-1", "NO LOCK", "FREE")
        if owner is None
        else (str(500 + owner.vty), owner.user, str(owner.vty + 2), "EXCLUSIVE", "LOCKED")
    )
    rows = (
        ("Owner PID", pid),
        ("User", user),
        ("TTY", tty),
        ("Type", kind),
        ("State", state),
        ("Class", "unknown" if owner is None else "EXPOSED"),
        ("Count", "0" if owner is None else "1"),
        ("Pending Requests", "0"),
        ("User debug info", "" if owner is None else "configure terminal lock"),
    )
    title = "Parser Configure Lock\n------------------------------------------------------"
    return "\n".join([title, *(f"{name:<34}: {value}".rstrip() for name, value in rows)])


def archive_section(router: Router) -> tuple[str, int] | None:
    """Path and maximum of the archive; None: it is not configured."""
    found = router.configuration.root.lines.get("archive", Section(""))
    path = next((words[1] for words in found.words("path ")), None)
    if path is None:
        return None
    maximum = next((int(words[1]) for words in found.words("maximum ")), 10)
    return path, maximum


def archive(router: Router) -> str:
    """`show archive`."""
    configured = archive_section(router)
    if configured is None:
        return " Archive feature not enabled"
    return router.archive.show(*configured)


def save_archive(router: Router, path: str, name: str = "") -> str:
    """Save the running configuration; gives the archive's name."""
    configured = archive_section(router)
    maximum = 10 if configured is None else configured[1]
    text, now = router.running(), router.clock.wall()
    if name:
        return f"{path}/{name}-{stamp(now)}-0"
    return router.archive.save(path, maximum, text, now)


def differences(router: Router) -> str:
    """`show archive config differences`: startup against running [DOC on the form]."""
    before, after = router.startup().split("\n"), router.running().split("\n")
    lines = ["!Contextual Config Diffs:"]
    headers = {"-": "", "+": ""}
    found = False
    for line in difflib.ndiff(before, after):
        sign, text = line[:1], line[2:]
        if sign == "?" or not text or text == "!":
            continue
        for side in ("-", "+") if sign == " " else (sign,):
            if not text.startswith(" "):
                headers[side] = text
        if sign in "+-":
            found = True
            header = headers[sign]
            if (
                text.startswith(" ")
                and header
                and lines[-1] != header
                and f" {sign}" not in lines[-1][:2]
            ):
                lines.append(header)
            lines.append(f" {sign}{text.strip()}" if text.startswith(" ") else f"{sign}{text}")
    return "\n".join(lines if found else [*lines, "!No changes were found"])


def rollback_timer(router: Router) -> str:
    """`show archive config rollback timer` [DOC]; without one as `configure confirm` [live]."""
    pending = router.rollback
    if not pending.pending:
        raise Refusal(NOT_PENDING)
    return (
        f"Time configured(or reconfigured): {pending.armed:%H:%M:%S UTC %a %b} "
        f"{pending.armed.day} {pending.armed.year}\n"
        f"Timer type: absolute timer\nTimer value: {pending.minutes} min\nUser: {pending.user}"
    )


def ip_interface(router: Router, typed: str | None, version: int) -> str:
    """`show ip interface [X]`, `show ipv6 interface [X]`: the lines about filters [DOC]."""
    interfaces = router.configuration.interfaces
    if typed is not None:
        name = interface_name(typed) or typed
        if name not in interfaces:
            raise InvalidInput(0)
        return "\n".join(_interface(router, name, version))
    return "\n".join(line for name in interfaces for line in _interface(router, name, version))


def _interface(router: Router, name: str, version: int) -> list[str]:
    configuration = router.configuration
    section = configuration.interfaces[name]
    down = "shutdown" in section.lines
    state = "administratively down, line protocol is down" if down else "up, line protocol is up"
    lines = [f"{name} is {state}"]
    bound = {way: configuration.bound(name, version, way) for way in ("out", "in")}
    if version == 6:
        lines += [f"  IPv6 address is {words[2]}" for words in section.words("ipv6 address ")]
        titles = {"out": "Outgoing", "in": "Inbound"}
        return lines + [
            f"  {titles[way]} access list {name}" for way, name in bound.items() if name
        ]
    addresses = [words for words in section.words("ip address ") if words[2][0].isdigit()]
    if not addresses:
        return [*lines, "  Internet protocol processing disabled"]
    lines += [f"  Internet address is {words[2]}/{_length(words[3])}" for words in addresses[:1]]
    lines += ["  Broadcast address is 255.255.255.255", "  MTU is 1500 bytes"]
    lines.append(f"  Outgoing access list is {bound['out'] or 'not set'}")
    lines.append(f"  Inbound  access list is {bound['in'] or 'not set'}")
    lines += [
        f"  IP verify source reachable-via {words[5].upper()}"
        for words in section.words("ip verify unicast source ")
    ]
    return lines


def _length(mask: str) -> int:
    return sum(int(part).bit_count() for part in mask.split("."))


def ip_interface_brief(router: Router) -> str:
    """`show ip interface brief`."""
    lines = ["Interface              IP-Address      OK? Method Status                Protocol"]
    for name, section in router.configuration.interfaces.items():
        address = next((words[2] for words in section.words("ip address ")), "unassigned")
        down = "shutdown" in section.lines
        status = "administratively down" if down else "up"
        lines.append(f"{name:<22} {address:<15} YES NVRAM  {status:<21} {'down' if down else 'up'}")
    return "\n".join(lines)


def require_archive(router: Router) -> str:
    """The archive's path; refused where there is none [text GUESS]."""
    configured = archive_section(router)
    if configured is None:
        from lab.emulators.cisco_ios.rollback import NO_ARCHIVE

        raise Refusal(NO_ARCHIVE)
    return configured[0]
