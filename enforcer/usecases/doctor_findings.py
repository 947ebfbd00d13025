# SPDX-License-Identifier: GPL-2.0-or-later
"""How a check of the doctor says what it found; and that no check ends the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from enforcer.application.views import DoctorCheck
from enforcer.errors import EnforcerError

_SHOWN = 3


def good(check: str, detail: str) -> DoctorCheck:
    """Nothing must be done; `detail` is information."""
    return DoctorCheck(check=check, ok=True, detail=detail)


def finding(check: str, detail: str, advice: str) -> DoctorCheck:
    """Something must be done, and `advice` says what."""
    return DoctorCheck(check=check, ok=False, detail=detail, advice=advice)


def guarded(check: str, look: Callable[[], DoctorCheck], advice: str) -> DoctorCheck:
    """What `look` finds; where it cannot look, that is the finding."""
    try:
        return look()
    except (EnforcerError, OSError) as error:
        return finding(check, str(error), advice)


def listed(names: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def counted(number: int, one: str, many: str = "") -> str:
    """``1 device``, ``2 devices``; `many` where the plural is another one."""
    return f"{number:,} {one}" if number == 1 else f"{number:,} {many or one + 's'}"
