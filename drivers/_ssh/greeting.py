# SPDX-License-Identifier: GPL-2.0-or-later
"""From the login to a prompt at which the device may be configured."""

from __future__ import annotations

import re

from drivers._ssh.conversation import Conversation
from drivers._ssh.mapping import BUSY
from drivers._ssh.noise import without_noise
from drivers._ssh.options import SshOptions
from enforcer.errors import AuthenticationFailed, DeviceBusy, DeviceUnreachable, ParseFailed

_SETTLED = 0.1
_QUESTION = r"(?i)password: ?"


def greet(talk: Conversation, options: SshOptions, enable: str) -> None:
    """Wait for the first prompt, learn the device's name from it, and get the rights.

    Raises DeviceUnreachable, DeviceBusy (it says that its lines are taken), AuthenticationFailed
    (no rights, or `enable` refused).
    """
    host, privileged = _first_prompt(talk, options.timeout)
    talk.introduce(host)
    if not privileged:
        _enable(talk, options, enable)


def _first_prompt(talk: Conversation, timeout: float) -> tuple[str, bool]:
    text, deadline = "", talk.clock.monotonic() + timeout
    while True:
        found = _prompt(talk, text)
        left = deadline - talk.clock.monotonic()
        if left <= 0:
            raise _no_prompt(talk, text, f"no prompt within {timeout:g} s")
        try:
            came = talk.wire.more(_SETTLED if found else left)
        except DeviceUnreachable as error:
            raise _no_prompt(talk, text, error.message) from None
        if found is not None and not came:
            # A line of the greeting may look like a prompt: after the real one it is silent.
            return found
        text += came


def _prompt(talk: Conversation, text: str) -> tuple[str, bool] | None:
    last = without_noise(text).rstrip("\n").rsplit("\n", 1)[-1].strip()
    found = talk.dialect.first_pattern().fullmatch(last)
    if found is not None:
        return found["host"], True
    pattern = talk.dialect.unprivileged_pattern()
    found = pattern.fullmatch(last) if pattern is not None else None
    return None if found is None else (found["host"], False)


def _no_prompt(talk: Conversation, text: str, why: str) -> DeviceUnreachable | DeviceBusy:
    talk.die()
    said = " ".join(talk.transcript.clean(text).split())[-300:]
    busy = BUSY.search(said)
    if busy is not None:
        return DeviceBusy(talk.device, f"says {busy.group()!r}: free a line, or allow more")
    return DeviceUnreachable(
        talk.device,
        f"logged in, but {why}; it said {said!r}: is this the command line of a"
        f" {talk.dialect.device_type}?",
    )


def _enable(talk: Conversation, options: SshOptions, enable: str) -> None:
    if not enable:
        talk.die()
        raise AuthenticationFailed(
            talk.device,
            f"{options.username!r} may not configure there (the prompt ends with '>'): give it"
            " privilege 15, or name the enable password as `enable` in the transport",
        )
    name = re.escape(talk.host)
    refused = rf"(?:\A|\n){talk.dialect.unprivileged.replace('{host}', name)}"
    until = rf"(?:{refused}|(?:\A|\n){talk.dialect.exec_prompt.replace('{host}', name)})"
    try:
        said = talk.dialog("enable", [(_QUESTION, enable)], until, options.timeout)
    except ParseFailed:
        # Asked again and again.
        said = ""
    if not talk.alive() or talk.prompts.end("\n" + said) is None:
        talk.die()
        raise AuthenticationFailed(
            talk.device,
            "refused our enable password: correct what `enable` in its transport refers to",
        )
