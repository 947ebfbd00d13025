# SPDX-License-Identifier: GPL-2.0-or-later
"""How a platform's command line talks: its prompts, its refusals, its first commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from enforcer.errors import ConfigurationInvalid

REFUSAL = (
    r"(?im)^\s*(?:% (?!WARNING|Confirming commit)|%\s*Error|error:|unknown command|syntax error"
    r"|Command authorization failed|% ?This command is not authorized)"
)
"""A line by which a device of any of the platforms says no."""

ANY_HOST = r"(?P<host>[A-Za-z0-9][\w.\-]*)"


@dataclass(frozen=True)
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

    def __post_init__(self) -> None:
        for prompt in (self.exec_prompt, self.config_prompt):
            if "{host}" not in prompt:
                raise ConfigurationInvalid(
                    f"dialect {self.device_type}: {prompt!r} has no {{host}}"
                )

    def exec_pattern(self, host: str) -> re.Pattern[str]:
        """The prompt of exec (operational) mode of the device called `host`."""
        return re.compile(self._for(self.exec_prompt, re.escape(host)))

    def config_pattern(self, host: str) -> re.Pattern[str]:
        """The prompt of configuration mode, whatever the level, of the device called `host`."""
        return re.compile(self._for(self.config_prompt, re.escape(host[: self.shown_in_config])))

    def first_pattern(self) -> re.Pattern[str]:
        """The prompt that a login shows, with the group ``host``."""
        return re.compile(self._for(self.exec_prompt, ANY_HOST))

    def unprivileged_pattern(self) -> re.Pattern[str] | None:
        """The prompt of a login that may not configure, with the group ``host``."""
        if not self.unprivileged:
            return None
        return re.compile(self._for(self.unprivileged, ANY_HOST))

    @cached_property
    def above_pattern(self) -> re.Pattern[str] | None:
        """A line that belongs to the prompt below it."""
        return re.compile(rf"(?:{self.above_prompt})[ \t]*") if self.above_prompt else None

    @cached_property
    def refusal_pattern(self) -> re.Pattern[str]:
        """What a device says when it says no."""
        return re.compile(self.refusal)

    @staticmethod
    def _for(prompt: str, host: str) -> str:
        return prompt.replace("{host}", host)


IOS = Dialect(
    device_type="cisco_xe",
    exec_prompt=r"{host}#",
    # In configuration mode the name is cut to 20 characters, less where the mode's is long.
    config_prompt=r"{host}[^\s()#>]*\(conf[^)#\n]*\)?#",
    shown_in_config=16,
    unprivileged=r"{host}>",
    start=("terminal length 0", "terminal width 511"),
)
"""IOS and IOS-XE."""

XR = Dialect(
    device_type="cisco_xr",
    exec_prompt=r"(?:RP|LC|SP|DRP)/[\w/]+:{host}#",
    config_prompt=r"(?:RP|LC|SP|DRP)/[\w/]+:{host}[^\s()#>]*\(conf[^)#\n]*\)?#",
    # 31 characters, the "RP/0/RP0/CPU0:" before the name included.
    shown_in_config=12,
    start=("terminal length 0", "terminal width 512"),
    timestamps=True,
)
"""IOS-XR."""

JUNOS = Dialect(
    device_type="juniper_junos",
    exec_prompt=r"[\w.\-]+@{host}>",
    config_prompt=r"[\w.\-]+@{host}#",
    # The last as long as a commit waits for its confirmation.
    above_prompt=(
        r"\{\w[^{}\n]*\}|(?:\{\w[^{}\n]*\})?[ \t]*\[edit[^\]\n]*\]"
        r"|# commit confirmed will be rolled back in \d+ \w+"
    ),
    start=(
        "set cli complete-on-space off",
        "set cli screen-length 0",
        "set cli screen-width 0",
    ),
)
"""Junos' own command line (not the Unix shell of a root login)."""
