# SPDX-License-Identifier: GPL-2.0-or-later
"""What of a router's entry another inventory changes is told by name and value."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_interface

import pytest

from enforcer.core.inventory_differences import changes
from enforcer.core.topology import Device, Interface, Topology

DOORS = (Interface("ge0", "acme"), Interface("ge1"))
ROUTER = Device("edge1", "any", interfaces=DOORS, options={"save": "each"})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"mechanism": "rtbh"}, "mechanism: filter -> rtbh"),
        ({"urpf": "loose"}, "urpf: none -> loose"),
        ({"options": {"save": "never"}}, "options: {'save': 'each'} -> {'save': 'never'}"),
        (
            {"interfaces": (DOORS[0], Interface("ge1", management=True))},
            "interfaces: ge1 (management: False -> True)",
        ),
        (
            {"interfaces": (Interface("ge0", "beta"), Interface("ge1", "peer"))},
            "interfaces: ge0 (behind: acme -> beta), ge1 (behind: none -> peer)",
        ),
        (
            {
                "interfaces": (
                    replace(DOORS[0], addresses=(ip_interface("192.0.2.1/30"),)),
                    DOORS[1],
                )
            },
            "interfaces: ge0 (addresses: +192.0.2.1/30)",
        ),
        ({"interfaces": (DOORS[0],)}, "interfaces: -ge1"),
        ({"interfaces": (*DOORS, Interface("ge2"))}, "interfaces: +ge2"),
    ],
)
def test_each_is_one_line(changed: dict[str, object], said: str) -> None:
    after = replace(ROUTER, **changed)  # type: ignore[arg-type]  # by name
    (found,) = changes(Topology({"edge1": ROUTER}), Topology({"edge1": after}))
    assert (found.section, found.name, found.what) == ("device", "edge1", "changed")
    assert found.detail == said
