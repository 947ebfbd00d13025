# SPDX-License-Identifier: GPL-2.0-or-later
"""From an inventory's witness to somebody who can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from drivers._daemon.opening import open_shell
from drivers._witness.bird import BirdQuestions
from drivers._witness.frr import FrrQuestions
from drivers._witness.model import Questions
from enforcer.core.topology import Witness
from enforcer.driver_api import CredentialSource

KNOWN = ("bird", "frr")


@contextmanager
def opened(witness: Witness, credentials: CredentialSource) -> Iterator[Questions]:
    """Questions to one router, over its own shell; raises DeviceError, ConfigurationInvalid.

    The router's own driver reads the same transport, and refuses what is not known there.
    """
    given = witness.transport
    extra = frozenset(given)
    with open_shell(witness.device, given, credentials, witness.credentials, extra) as shell:
        if witness.platform == "bird":
            yield BirdQuestions(shell, given.get("birdc", "birdc"), given.get("socket", ""))
        else:
            yield FrrQuestions(shell, given.get("vtysh", "vtysh"), given.get("pathspace", ""))
