# SPDX-License-Identifier: GPL-2.0-or-later
"""Files for other programs that come with this distribution, by name."""

from __future__ import annotations

from pathlib import Path

from enforcer.errors import NotFound

_HERE = Path(__file__).parent
FILES = {
    "fail2ban": _HERE / "enforcer.conf",
    "wazuh": _HERE.parent / "wazuh_response.py",
}


def file_of(name: str) -> str:
    """The file as text. Raises NotFound."""
    if name not in FILES:
        raise NotFound(f"there is no file for {name}: {', '.join(FILES)}")
    return FILES[name].read_text(encoding="utf-8")
