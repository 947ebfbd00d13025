# SPDX-License-Identifier: GPL-2.0-or-later
"""How a platform's command line talks: its prompts, its refusals, its first commands."""

from __future__ import annotations

import re
from dataclasses import dataclass

REFUSAL = (
    r"(?im)^\s*(?:% (?!WARNING)|%\s*Error|error:|unknown command|syntax error"
    r"|Command authorization failed|% ?This command is not authorized)"
)
"""A line by which a device of any of the platforms says no."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """One platform's command line. Regular expressions are matched against one whole line.

    `device_type`: netmiko's name. `exec_prompt`, `config_prompt`: with ``{host}`` where the
    device's name stands (it is learnt at login; in configuration mode only its first
    `shown_in_config` characters are compared, as the platforms cut it). `above_prompt`: lines
    that belong to the prompt (Junos' ``[edit]``, ``{master}``). `unprivileged`: the prompt before
    `enable`, "" none. `refusal`: where it is found in an answer the device said no.
    `start`: sent after login. `timestamps`: whether each answer begins with a line of the time.
    """

    device_type: str
    exec_prompt: str
    config_prompt: str
    shown_in_config: int = 1_000
    above_prompt: str = ""
    unprivileged: str = ""
    refusal: str = REFUSAL
    start: tuple[str, ...] = ()
    timestamps: bool = False

    def exec_pattern(self, host: str) -> re.Pattern[str]:
        """The prompt of exec (operational) mode of the device called `host`."""
        raise NotImplementedError

    def config_pattern(self, host: str) -> re.Pattern[str]:
        """The prompt of configuration mode, whatever the level, of the device called `host`."""
        raise NotImplementedError


IOS = Dialect(
    device_type="cisco_xe",
    exec_prompt=r"{host}#",
    config_prompt=r"{host}[^\s()#>]*\(conf[^)#]*\)?#",
    shown_in_config=16,
    unprivileged=r"{host}>",
    start=("terminal length 0", "terminal width 511"),
)
XR = Dialect(
    device_type="cisco_xr",
    exec_prompt=r"RP/[\w/]+:{host}#",
    config_prompt=r"RP/[\w/]+:{host}[^\s()#>]*\(conf[^)#]*\)?#",
    shown_in_config=16,
    start=("terminal length 0", "terminal width 512"),
    timestamps=True,
)
JUNOS = Dialect(
    device_type="juniper_junos",
    exec_prompt=r"[\w.\-]+@{host}>",
    config_prompt=r"[\w.\-]+@{host}#",
    above_prompt=r"\{\w[^{}]*\}|\[edit[^\]]*\]",
    start=(
        "set cli complete-on-space off",
        "set cli screen-length 0",
        "set cli screen-width 0",
    ),
)
