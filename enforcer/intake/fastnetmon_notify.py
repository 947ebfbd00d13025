# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer-fastnetmon-notify``: FastNetMon's notify script, which tells `enforcer` of attacks.

FastNetMon runs it as ``SCRIPT IP DIRECTION PPS ban|unban|attack_details`` with text on its
standard input; Advanced can write JSON there instead. The input is read to its end before anything
else: a script that leaves it makes FastNetMon die of SIGPIPE.

``/etc/enforcer/fastnetmon-notify.toml`` (or ``$ENFORCER_NOTIFY_CONFIG``) says where to::

    url = "https://enforcer.example.net"
    token_file = "/etc/enforcer/fastnetmon.token"
    ca = "/etc/ssl/certs/our-ca.pem"      # only where the system does not know it
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import httpx

from enforcer.clock import Clock, SystemClock
from enforcer.errors import ConfigurationInvalid, EnforcerError, InvalidInput, ServerUnreachable

CONFIG = Path("/etc/enforcer/fastnetmon-notify.toml")
VARIABLE = "ENFORCER_NOTIFY_CONFIG"
PATH = "/api/v1/in/fastnetmon"
_KEPT = 16_384
_CHUNK = 65_536
_ARGUMENTS = 4
_TRIES = 4
_TIMEOUT = 10.0
_USAGE = "usage: enforcer-fastnetmon-notify IP DIRECTION PPS ban|unban < text"


def run() -> int:
    """The entry point; the exit code: 0 told (or nothing to tell), 1 not told."""
    return notify(sys.argv[1:], sys.stdin.buffer, SystemClock())


def notify(arguments: Sequence[str], stdin: IO[bytes], clock: Clock) -> int:
    """Tell of one event; what goes wrong is a line on standard error."""
    text = drained(stdin)
    try:
        event = event_of(arguments, text)
        if event is not None:
            _send(event, _settings(), clock)
    except EnforcerError as error:
        sys.stderr.write(f"enforcer-fastnetmon-notify: {error}\n")
        return 1
    return 0


def drained(stdin: IO[bytes]) -> bytes:
    """All of the input, of which the beginning is kept."""
    kept = bytearray()
    while chunk := stdin.read(_CHUNK):
        kept += chunk[: max(_KEPT - len(kept), 0)]
    return bytes(kept)


def event_of(arguments: Sequence[str], text: bytes) -> dict[str, Any] | None:
    """What is told, in the form of FastNetMon's JSON; None: nothing. Raises InvalidInput."""
    stated = _json(text)
    if stated is not None and "action" in stated:
        return stated
    if len(arguments) != _ARGUMENTS:
        raise InvalidInput(_USAGE)
    address, direction, pps, action = arguments
    if action == "attack_details":
        # The samples that follow a ban: the ban was told.
        return None
    if action not in ("ban", "unban"):
        raise InvalidInput(_USAGE)
    details: dict[str, Any] = {**(stated or {}), "attack_direction": direction}
    if pps.isdecimal() and direction in ("incoming", "outgoing"):
        details[f"total_{direction}_pps"] = int(pps)
    return {
        "action": action,
        "ip": address,
        "alert_scope": "host",
        "attack_details": details,
        "text": "" if stated is not None else text.decode("utf-8", "replace"),
    }


def _json(text: bytes) -> dict[str, Any] | None:
    if not text.lstrip().startswith(b"{"):
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _settings() -> dict[str, str]:
    file = Path(os.environ.get(VARIABLE) or CONFIG)
    try:
        stated = tomllib.loads(file.read_text(encoding="utf-8"))
        url, token_file = str(stated["url"]), Path(str(stated["token_file"]))
        token = (file.parent / token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as problem:
        raise ConfigurationInvalid(f"{file}: {problem}") from None
    except KeyError as missing:
        raise ConfigurationInvalid(
            f"{file}: {missing} is missing: say url and token_file"
        ) from None
    return {"url": url.rstrip("/"), "token": token, "ca": str(stated.get("ca", ""))}


def _send(event: dict[str, Any], settings: dict[str, str], clock: Clock) -> None:
    """Post it, again while the server is away or busy. Raises ServerUnreachable, InvalidInput."""
    import ssl

    trusted = ssl.create_default_context(cafile=settings["ca"] or None)
    headers = {"Authorization": f"Bearer {settings['token']}"}
    said = ""
    with httpx.Client(verify=trusted, timeout=_TIMEOUT, headers=headers) as client:
        for number in range(_TRIES):
            if number:
                clock.sleep(2.0**number)
            try:
                answer = client.post(settings["url"] + PATH, json=event)
            except httpx.HTTPError as problem:
                said = str(problem) or type(problem).__name__
                continue
            if answer.is_success:
                return
            said = f"{answer.status_code}: {answer.text[:300]}"
            if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR and (
                answer.status_code != httpx.codes.TOO_MANY_REQUESTS
            ):
                raise InvalidInput(f"{settings['url']} refused it: {said}")
    raise ServerUnreachable(f"{settings['url']} did not take it: {said}")


if __name__ == "__main__":
    sys.exit(run())
