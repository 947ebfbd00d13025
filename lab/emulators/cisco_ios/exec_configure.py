# SPDX-License-Identifier: GPL-2.0-or-later
"""Exec commands that change something: configure, confirm, save, clear."""

from __future__ import annotations

import functools
from collections.abc import Callable
from ipaddress import ip_address
from typing import TYPE_CHECKING

from lab.emulators.cisco_ios import rollback, show_box
from lab.emulators.cisco_ios.editor import Editor
from lab.emulators.cisco_ios.words import InvalidInput, Refusal
from lab.emulators.shell import Reply

if TYPE_CHECKING:
    from lab.emulators.cisco_ios.exec_shell import ExecShell

ENTER = "Enter configuration commands, one per line.  End with CNTL/Z."
SAVED = "Building configuration...\n[OK]"


def configure_terminal(shell: ExecShell, words: list[str]) -> Reply:
    """`configure terminal`; refused while somebody else holds the lock [text GUESS]."""
    owner = shell.router.lock_owner
    if owner is not None and owner is not shell:
        raise Refusal(
            f"Configuration mode locked exclusively by user '{owner.user}' process "
            f"'{500 + owner.vty}' from terminal '{owner.vty + 2}'. Please try later."
        )
    shell.editor = Editor(shell.router.configuration)
    return Reply(ENTER)


def configure_ask(shell: ExecShell, words: list[str]) -> Reply:
    """`configure` alone asks from where."""
    question = "Configuring from terminal, memory, or network [terminal]? "
    return shell.ask(question, lambda answer: configure_terminal(shell, words))


def configure_lock(shell: ExecShell, words: list[str]) -> Reply:
    """`configure terminal lock`: nobody else may configure until this session leaves [DOC]."""
    reply = configure_terminal(shell, words)
    shell.router.lock_owner = shell
    return reply


def configure_revert_timer(shell: ExecShell, words: list[str]) -> Reply:
    """`configure terminal revert timer N`: 1 to 120 minutes; needs an archive [corpus, DOC]."""
    router = shell.router
    minutes = _minutes(words, len("configure terminal revert timer "))
    path = show_box.require_archive(router)
    if router.rollback.pending:
        raise Refusal(rollback.PENDING)
    reply = configure_terminal(shell, words)
    name = show_box.save_archive(router, path)
    router.rollback.arm(minutes, name, router.exact(), shell.notify, shell.user)
    return Reply(
        f"Rollback Confirmed Change: Backing up current running config to {name}\n\n{reply.text}"
    )


def _minutes(words: list[str], column: int) -> int:
    if not words[0].isdecimal() or not 1 <= int(words[0]) <= 120:
        raise InvalidInput(column)
    return int(words[0])


def configure_confirm(shell: ExecShell, words: list[str]) -> Reply:
    """`configure confirm`: silent when it keeps a change [GUESS], a text when none is pending."""
    if not shell.router.rollback.confirm():
        raise Refusal(rollback.NOT_PENDING)
    return Reply()


def configure_revert_now(shell: ExecShell, words: list[str]) -> Reply:
    """`configure revert now`."""
    if not shell.router.rollback.pending:
        raise Refusal(rollback.NOT_PENDING)
    text = shell.router.rollback.now()
    shell.notices()  # the answer says it; not twice
    return Reply(f"{text}\nTotal number of passes: 1\nRollback Done\n")


def configure_revert_again(shell: ExecShell, words: list[str]) -> Reply:
    """`configure revert timer N`: the time starts anew."""
    minutes = _minutes(words, len("configure revert timer "))
    if not shell.router.rollback.pending:
        raise Refusal(rollback.NOT_PENDING)
    shell.router.rollback.prolong(minutes)
    return Reply()


def write_memory(shell: ExecShell, words: list[str]) -> Reply:
    """`write memory`; archives too where `archive` says `write-memory`."""
    router = shell.router
    router.save()
    configured = show_box.archive_section(router)
    if configured and "write-memory" in router.configuration.root.lines["archive"].lines:
        show_box.save_archive(router, configured[0])
    return Reply(SAVED)


def copy_to_startup(shell: ExecShell, words: list[str]) -> Reply:
    """`copy running-config startup-config`: asks for the name first."""
    question = "Destination filename [startup-config]? "
    return shell.ask(question, functools.partial(_copied, shell), saves=True)


def _copied(shell: ExecShell, answer: str) -> Reply:
    if answer not in ("", "startup-config"):
        return Reply(f"%Error opening nvram:{answer} (No such file or directory)")  # [GUESS]
    return write_memory(shell, [])


def archive_config(shell: ExecShell, words: list[str]) -> Reply:
    """`archive config`: save a copy now."""
    show_box.save_archive(shell.router, show_box.require_archive(shell.router))
    return Reply()


def clear_bgp(
    version: int, directions: tuple[str, ...], shell: ExecShell, words: list[str]
) -> Reply:
    """`clear ip bgp NEIGHBOR [soft] [in|out]`: what is configured comes into force.

    For one address family; without any direction the session itself starts anew [DOC].
    """
    router = shell.router
    every = [str(neighbor.address) for neighbor in router.neighbors]
    if words[0] == "*":
        chosen = every
    else:
        try:
            chosen = [str(ip_address(words[0]))]
        except ValueError:
            raise InvalidInput(len("clear ip bgp ")) from None
    for address in chosen:
        if address not in every:
            raise Refusal(f'%BGP: Unknown neighbor - "{words[0]}"\n')
        if directions:
            router.bgp.refresh(router.configuration, address, directions, (version,))
        else:
            router.bgp.reset(router.configuration, address)
    return Reply()


def clear_counters(version: int, shell: ExecShell, words: list[str]) -> Reply:
    """`clear ip access-list counters [NAME]`."""
    for (family, name), acl in shell.router.configuration.acls.items():
        if family == version and (not words or words[0] == name):
            for slot in acl.slots.values():
                slot.hits = 0
    return Reply()


Action = Callable[["ExecShell", list[str]], Reply]
_BOTH, _IN, _OUT = ("in", "out"), ("in",), ("out",)
_NONE: tuple[str, ...] = ()
_CLEAR_BGP: list[tuple[str, Action]] = [
    (f"clear {family}{suffix}", functools.partial(clear_bgp, version, directions))
    for family, version in (
        ("ip bgp WORD", 4),
        ("ip bgp WORD ipv4 unicast", 4),
        ("ip bgp ipv4 unicast WORD", 4),
        ("bgp ipv4 unicast WORD", 4),
        ("bgp ipv6 unicast WORD", 6),
    )
    for suffix, directions in (
        ("", _NONE),
        (" soft", _BOTH),
        (" soft in", _IN),
        (" soft out", _OUT),
        (" in", _IN),
        (" out", _OUT),
    )
]
COMMANDS: list[tuple[str, Action]] = [
    ("configure", configure_ask),
    ("configure terminal", configure_terminal),
    ("configure terminal lock", configure_lock),
    ("configure terminal revert timer WORD", configure_revert_timer),
    ("configure confirm", configure_confirm),
    ("configure revert now", configure_revert_now),
    ("configure revert timer WORD", configure_revert_again),
    ("write", write_memory),
    ("write memory", write_memory),
    ("copy running-config startup-config", copy_to_startup),
    ("archive config", archive_config),
    ("clear ip access-list counters", functools.partial(clear_counters, 4)),
    ("clear ip access-list counters WORD", functools.partial(clear_counters, 4)),
    ("clear access-list counters", functools.partial(clear_counters, 4)),
    ("clear access-list counters WORD", functools.partial(clear_counters, 4)),
    ("clear ipv6 access-list", functools.partial(clear_counters, 6)),
    ("clear ipv6 access-list WORD", functools.partial(clear_counters, 6)),
    *_CLEAR_BGP,
]
