#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""``enforcer-wazuh-response``: Wazuh's active response that asks `enforcer` to block.

Wazuh writes one line of JSON on its standard input. For what version 4 adds, the script first
asks by ``check_keys`` whether this address is dealt with already, and goes on only where the
answer is ``continue``. It imports nothing but the standard library, so that this file alone can be
copied to ``/var/ossec/active-response/bin/`` on machines without this distribution.

``/etc/enforcer/wazuh-response.json`` (or ``$ENFORCER_WAZUH_CONFIG``) says where to::

    {"url": "https://enforcer.example.net", "token_file": "/etc/enforcer/wazuh.token"}

and ``ca``, the file of the authority, only where the system does not know it.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

CONFIG = "/etc/enforcer/wazuh-response.json"
VARIABLE = "ENFORCER_WAZUH_CONFIG"
PATH = "/api/v1/in/wazuh"
NAME = "enforcer-wazuh-response"
_LARGEST = 1_048_576
_TRIES = 3
_TIMEOUT = 10.0
_LAST_REFUSAL = 499
_BUSY = 429


class Untold(Exception):
    """What could not be told, and why."""


def run() -> int:
    """The entry point; the exit code: 0 told (or nothing to tell), 1 not told."""
    return respond(sys.stdin.buffer, sys.stdout.buffer)


def respond(stdin: IO[bytes], stdout: IO[bytes]) -> int:
    """One response; what goes wrong is a line on standard error."""
    try:
        asked = _line(stdin)
        if not _is_wanted(asked, stdin, stdout):
            return 0
        _send(json.dumps(asked).encode())
    except (Untold, OSError) as problem:
        sys.stderr.write(f"{NAME}: {problem}\n")
        return 1
    return 0


def _line(stdin: IO[bytes]) -> dict[str, Any]:
    try:
        found = json.loads(stdin.readline(_LARGEST))
    except (ValueError, RecursionError) as problem:
        raise Untold(f"its input is not JSON: {problem}") from None
    if not isinstance(found, dict):
        raise Untold("its input is no JSON object")
    return found


def _is_wanted(asked: dict[str, Any], stdin: IO[bytes], stdout: IO[bytes]) -> bool:
    """Whether Wazuh's daemon lets it go on; only version 4 asks, and only for what it adds."""
    if asked.get("command") != "add" or "wazuh" in asked:
        return True
    question = {
        "version": 1,
        "origin": {"name": NAME, "module": "active-response"},
        "command": "check_keys",
        "parameters": {"keys": [_address(asked)]},
    }
    stdout.write(json.dumps(question).encode() + b"\n")
    stdout.flush()
    answer = _line(stdin).get("command")
    if answer not in ("continue", "abort"):
        raise Untold("Wazuh answered neither continue nor abort")
    return bool(answer == "continue")


def _address(asked: dict[str, Any]) -> str:
    try:
        seen = asked["parameters"]["alert"]["data"]
        return str(seen.get("srcip") or seen["src_ip"])
    except (KeyError, TypeError, AttributeError):
        raise Untold("the alert names no srcip") from None


def _settings() -> dict[str, str]:
    file = Path(os.environ.get(VARIABLE) or CONFIG)
    try:
        stated = json.loads(file.read_text(encoding="utf-8"))
        token = (file.parent / str(stated["token_file"])).read_text(encoding="utf-8").strip()
        url = str(stated["url"]).rstrip("/")
        return {"url": url, "token": token, "ca": str(stated.get("ca", ""))}
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise Untold(f"{file}: {problem}: it must say url and token_file") from None


def _send(body: bytes) -> None:
    settings = _settings()
    if not settings["url"].startswith(("https://", "http://")):
        raise Untold(f"{settings['url']}: write a URL with https://")
    trusted = ssl.create_default_context(cafile=settings["ca"] or None)
    asking = urllib.request.Request(  # noqa: S310 - the scheme was checked above
        settings["url"] + PATH,
        body,
        {"Authorization": f"Bearer {settings['token']}", "Content-Type": "application/json"},
    )
    said = ""
    for _ in range(_TRIES):
        try:
            with urllib.request.urlopen(  # noqa: S310 - the scheme was checked above
                asking, timeout=_TIMEOUT, context=trusted
            ):
                return
        except urllib.error.HTTPError as problem:
            with problem:
                said = f"{problem.code}: {problem.read(300).decode('utf-8', 'replace')}"
            if problem.code <= _LAST_REFUSAL and problem.code != _BUSY:
                break
        except (OSError, http.client.HTTPException) as problem:
            said = str(problem)
    raise Untold(f"{settings['url']} did not take it: {said}")


if __name__ == "__main__":
    sys.exit(run())
