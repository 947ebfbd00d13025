# SPDX-License-Identifier: GPL-2.0-or-later
"""What nft itself says to commands, by libnftables, without carrying them out.

In a check-only run (``nft -c``) nft parses and evaluates, and the kernel takes every message of
the transaction and then drops it all, because the one that would commit it is left out. The
generation does not move. What the kernel looks at last (loops of jumps) is not looked at.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from enforcer.errors import EnforcerError

_SHOWN = 200


class Missing(EnforcerError):
    """There is no libnftables that could be asked."""


@dataclass(frozen=True, slots=True)
class Opinion:
    """`version` of libnftables; `refused`: its first complaint, "" when it takes everything."""

    version: str
    refused: str


def check_only(commands: str) -> Opinion:
    """Let nft and the kernel of this thread's network namespace check `commands`.

    Raises Missing.
    """
    try:
        import nftables

        context = nftables.Nftables()
        context.set_dry_run(True)
    except ImportError:
        raise Missing("python-nftables is missing") from None
    except (OSError, AttributeError) as error:
        raise Missing(f"libnftables cannot be used ({error})") from None
    code, _, complaint = context.cmd(commands)
    refused = " ".join(complaint.split())[:_SHOWN] or f"error {code}"
    context.set_json_output(True)
    return Opinion(_version(context.cmd("list tables")[1]), refused if code else "")


def _version(listing: str) -> str:
    try:
        (first, *_) = json.loads(listing)["nftables"]
        return str(first["metainfo"]["version"])
    except (KeyError, TypeError, ValueError):
        return "of unknown version"
