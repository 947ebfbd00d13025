# SPDX-License-Identifier: GPL-2.0-or-later
"""A server to work through instead of the installation on this machine, and what opens it.

The token comes from ``--token-file``, ``$ENFORCER_TOKEN``, or from
``~/.config/enforcer/config.toml``, which has a table for each server::

    ["https://enforcer.example.net"]
    token = "enf_..."
    ca = "/etc/ssl/our-ca.pem"
"""

from __future__ import annotations

import os
import stat
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enforcer.cli.options import Globals
from enforcer.errors import ConfigurationInvalid, InvalidInput

if TYPE_CHECKING:
    from enforcer.client.connection import Server

SERVER = "ENFORCER_SERVER"
TOKEN = "ENFORCER_TOKEN"  # noqa: S105 - the name of a variable
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def url_of(options: Globals) -> str | None:
    """The server that was asked for; None: this machine's installation."""
    return options.server or os.environ.get(SERVER) or None


def server_of(options: Globals, url: str) -> Server:
    """The server with its token. Raises InvalidInput, ConfigurationInvalid: there is none."""
    from enforcer.client.connection import Server

    file = config_file()
    kept = _kept(file, url)
    token = _token(options, kept)
    if not token:
        raise InvalidInput(
            f"no token for {url}: give --token-file, set {TOKEN}, or write it into {file}"
        )
    ca = options.ca or (Path(str(kept["ca"])) if "ca" in kept else None)
    return Server(url, token, ca)


def config_file() -> Path:
    """Where a person keeps the tokens of servers (XDG base directories)."""
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "enforcer" / "config.toml"


def _token(options: Globals, kept: dict[str, Any]) -> str:
    if options.token_file is not None:
        try:
            return options.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInput(f"--token-file {options.token_file}: {error}") from None
    return os.environ.get(TOKEN, "").strip() or str(kept.get("token", "")).strip()


def _kept(file: Path, url: str) -> dict[str, Any]:
    """What the file says of one server. Raises ConfigurationInvalid."""
    try:
        if file.stat().st_mode & _OTHERS:
            raise ConfigurationInvalid(f"{file}: others may read it: run `chmod 600 {file}`")
        servers = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationInvalid(f"{file}: {error}") from None
    for name, kept in servers.items():
        if not isinstance(kept, dict) or not set(kept) <= {"token", "ca"}:
            raise ConfigurationInvalid(
                f'{file}: {name}: write ["{url}"] and below it `token = ...`, and `ca = ...`'
            )
    found: dict[str, Any] = servers.get(url.rstrip("/"), servers.get(url, {}))
    return found
