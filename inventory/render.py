# SPDX-License-Identifier: GPL-2.0-or-later
"""A topology as YAML text that `inventory.yaml_files.load` reads back to the same topology."""

from __future__ import annotations

import io
from dataclasses import asdict
from datetime import timedelta

from ruamel.yaml import YAML

from enforcer.core.prefixes import format_network
from enforcer.core.protection import DERIVED, INFRASTRUCTURE
from enforcer.core.times import format_duration
from enforcer.core.topology import (
    BrakeLimits,
    DynamicPool,
    Feed,
    ProtectedPrefix,
    SharedSpace,
    SourceLimits,
    Topology,
)
from inventory.merged import DEFAULT_REASONS
from inventory.render_customers import customer_tree, service_set_tree
from inventory.render_devices import device_tree
from inventory.trees import Tree, differing, networks, without_empty

_NEVER_FOLD = 2**20


def render(topology: Topology) -> str:
    """One YAML file; what is at its default is left out (a device's mode never is).

    What is derived from devices is not written, it is derived again; nor is what a person
    decided beside the files (`modes`, `retired`, what is leaving).
    """
    tree: Tree = {
        "settings": {"documentation_space": topology.documentation_space},
        "devices": {name: device_tree(device) for name, device in topology.devices.items()},
        "customers": {name: customer_tree(one) for name, one in topology.customers.items()},
        "service_sets": {n: service_set_tree(one) for n, one in topology.service_sets.items()},
        "protected": [
            {"prefix": format_network(p.prefix), "reason": p.reason}
            for p in topology.protected
            if p.origin not in (*INFRASTRUCTURE, *DERIVED)
        ],
    }
    tree |= without_empty(
        {
            "shared": {one.name: _shared(one) for one in topology.shared},
            "pools": {one.name: _pool(one) for one in topology.pools},
            "infrastructure": _infrastructure(topology.protected),
            "feeds": {name: _feed(one) for name, one in topology.feeds.items()},
            "sources": {name: _source(one) for name, one in topology.sources.items()},
            "limits": _limits(topology.brake),
        }
    )
    yaml = YAML()
    yaml.width = _NEVER_FOLD
    text = io.StringIO()
    yaml.dump(tree, text)
    return text.getvalue()


def _shared(shared: SharedSpace) -> Tree:
    return without_empty(
        {
            "prefixes": networks(shared.prefixes),
            "kind": "" if shared.kind == "shared" else shared.kind,
            "users": list(shared.users),
        }
    )


def _pool(pool: DynamicPool) -> Tree:
    return {"prefixes": networks(pool.prefixes), "lease": _duration(pool.lease)}


def _infrastructure(protected: tuple[ProtectedPrefix, ...]) -> Tree:
    return without_empty(
        {
            origin: [_infrastructure_prefix(p) for p in protected if p.origin == origin]
            for origin in INFRASTRUCTURE
        }
    )


def _infrastructure_prefix(protected: ProtectedPrefix) -> object:
    prefix = format_network(protected.prefix)
    if protected.reason == DEFAULT_REASONS[protected.origin]:
        return prefix
    return {"prefix": prefix, "reason": protected.reason}


def _feed(feed: Feed) -> Tree:
    tree = differing(asdict(feed), asdict(Feed(feed.name, "")))
    return tree | {key: _duration(tree[key]) for key in ("every", "stale_after") if key in tree}


def _source(source: SourceLimits) -> Tree:
    tree = differing(asdict(source), asdict(SourceLimits(source.name)))
    return tree | {key: _duration(tree[key]) for key in ("longest",) if key in tree}


def _limits(brake: BrakeLimits) -> Tree:
    return without_empty({"brake": differing(asdict(brake), asdict(BrakeLimits()))})


def _duration(seconds: object) -> str:
    assert isinstance(seconds, int)
    return format_duration(timedelta(seconds=seconds))
