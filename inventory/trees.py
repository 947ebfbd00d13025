# SPDX-License-Identifier: GPL-2.0-or-later
"""Mappings that YAML is written from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from enforcer.core.orders import Network
from enforcer.core.prefixes import format_network

Tree = dict[str, object]


def without_empty(tree: Tree) -> Tree:
    """`tree` without what says nothing."""
    return {key: value for key, value in tree.items() if value not in ("", [], {}, None)}


def differing(values: Mapping[str, object], defaults: Mapping[str, object]) -> Tree:
    """What is not at its default; None, which is a statement where it is not the default, too."""
    return {key: value for key, value in values.items() if value != defaults[key]}


def networks(found: Iterable[Network]) -> list[str]:
    """As the inventory's files write them."""
    return [format_network(network) for network in found]
