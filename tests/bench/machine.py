# SPDX-License-Identifier: GPL-2.0-or-later
"""Facts about the machine that measured; its name is nobody's business."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

_LIBRARIES = ("numpy", "pydantic", "sqlalchemy", "typer")


def facts() -> dict[str, str]:
    """What a reader must know to judge the numbers, by name."""
    processor = _first(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo"))
    memory = int(_first(r"MemTotal:\s*(\d+) kB", Path("/proc/meminfo")) or 0)
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return {
        "Processor": f"{processor or platform.machine()}, {os.cpu_count()} cores",
        "Memory": f"{memory / 2**20:.0f} GiB",
        "Kernel": f"Linux {re.sub(r'[^0-9.].*', '', platform.release())}",
        "nft": _nft(),
        "Python": f"{sys.version.split()[0]}; {libraries}",
    }


def load() -> float:
    """The load average of the last minute."""
    return os.getloadavg()[0]


def _nft() -> str:
    said = subprocess.run(["nft", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"v([\d.]+)", said)
    return found[1] if found else said.strip()


def _first(pattern: str, file: Path) -> str:
    found = re.search(pattern, file.read_text(encoding="utf-8"))
    return found[1].strip() if found else ""
