# SPDX-License-Identifier: GPL-2.0-or-later
"""The people of the demo's desk: one for each part, with passwords made for this run."""

import http.client
import secrets
from dataclasses import dataclass
from http import HTTPStatus

from lab.installation import Installation
from lab.shell import wait_until

PORT = 8080
"""Where the desk listens, inside the lab."""
ROLES = {
    "abuse": "abuse",
    "engineer": "engineer",
    "approver": "approver",
    "viewer": "viewer",
    "admin": "admin",
}


@dataclass(frozen=True)
class Login:
    """An account of the demo."""

    name: str
    role: str
    password: str


def enrol(installation: Installation) -> list[Login]:
    """An account for each role. Raises CommandRefused."""
    logins = [Login(name, role, secrets.token_urlsafe(12)) for name, role in ROLES.items()]
    for one in logins:
        words = ("user", "add", one.name, "--role", one.role, "--password-stdin")
        installation.text(*words, typed=f"{one.password}\n")
    return logins


def wait_for(port: int) -> None:
    """Until the desk answers on `port` of this network. Raises LabError."""
    wait_until(lambda: _answers(port), "the desk answers", timeout=30)


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == HTTPStatus.OK
    except OSError:
        return False
    finally:
        line.close()


def shown(url: str, logins: list[Login]) -> str:
    """What the person needs to log in, for the terminal."""
    lines = [f"The desk: {url}", "Log in as"]
    lines += [f"  {one.name:<9} {one.password}   (role {one.role})" for one in logins]
    return "\n".join(lines)
