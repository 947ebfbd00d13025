# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices to hold the contract against: one adapter per driver.

A new driver comes with a `Subject` and its name here; the suite does the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

from tests.contract.bird_subject import bird
from tests.contract.fake_router_subject import fake_router
from tests.contract.fake_subject import fake
from tests.contract.frr_subject import frr_router
from tests.contract.gobgp_subject import gobgp
from tests.contract.ios_subject import cisco_ios
from tests.contract.junos_subject import juniper_junos
from tests.contract.nft_remote_subject import remote_nftables
from tests.contract.nft_subject import nftables
from tests.contract.subject import NAME, Subject
from tests.contract.xr_subject import cisco_xr

__all__ = ["BACKENDS", "NAME", "NEEDS_ROOT", "UNWATCHED", "Subject"]

BACKENDS: Mapping[str, Callable[[], AbstractContextManager[Subject]]] = {
    "fake": fake,
    "fake-router": fake_router,
    "nftables": nftables,
    "nftables-ssh": remote_nftables,
    "cisco_ios": cisco_ios,
    "cisco_xr": cisco_xr,
    "juniper_junos": juniper_junos,
    "bird": bird,
    "frr": frr_router,
    "gobgp": gobgp,
}
NEEDS_ROOT = frozenset({"nftables", "nftables-ssh", "bird", "frr", "gobgp"})
"""Those that make namespaces."""
UNWATCHED = frozenset({"fake-router", "cisco_ios", "cisco_xr", "juniper_junos", "bird", "frr"})
"""Those that tell nothing by themselves (not WATCHABLE): what is about watching leaves them out."""
