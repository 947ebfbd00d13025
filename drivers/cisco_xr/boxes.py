# SPDX-License-Identifier: GPL-2.0-or-later
"""A box without anything of ours, and with other items of ours on it. Pure."""

from __future__ import annotations

from dataclasses import replace

from drivers.cisco_xr.model import (
    BindKey,
    Box,
    ClosedKey,
    DownKey,
    Group,
    GroupKey,
    Items,
    Line,
    LineKey,
    ListKey,
    Peer,
    PeerKey,
    PolicyKey,
    Port,
    RouteKey,
    SetKey,
)
from drivers.cisco_xr.names import closes, is_ours, noted
from drivers.cisco_xr.render_commands import restored


def bare(box: Box) -> Box:
    """`box` as its operator has it."""
    acls = {
        key: tuple(line for line in lines if not line.ours)
        for key, lines in box.acls.items()
        if not is_ours(key[1])
    }
    keys = [GroupKey(*key) for key in box.groups]
    notes = [(closes(k), noted(k, box.groups[k.family, k.name])) for k in keys]
    ours = {(session, note[0]) for session, note in notes if note is not None and not note[1]}
    return Box(
        acls=acls,
        ports={name: _port(port, (False, name) in ours) for name, port in box.ports.items()},
        statics=box.statics,
        foreign=box.foreign,
        spread=box.spread,
        peers={name: _peer(peer, (True, name) in ours, box) for name, peer in box.peers.items()},
        asn=box.asn,
        hold=box.hold,
    )


def _port(port: Port, down_by_us: bool) -> Port:
    theirs = {key: name for key, name in port.acls.items() if not is_ours(name)}
    return replace(port, shut=port.shut and not down_by_us, acls=theirs)


def _peer(peer: Peer, shut_by_us: bool, box: Box) -> Peer:
    policies = {
        key: restored(name, box) if is_ours(name) else name for key, name in peer.policies.items()
    }
    kept = {key: name for key, name in policies.items() if name}
    return replace(peer, policies=kept, shut=peer.shut and not shut_by_us)


def box_of(items: Items, box: Box) -> Box:
    """`box`, which has nothing of ours, with `items` on it."""
    acls = {key: list(lines) for key, lines in box.acls.items()}
    ports, peers = dict(box.ports), dict(box.peers)
    for key, value in items.items():
        match key, value:
            case ListKey(family, name), _:
                acls.setdefault((family, name), [])
            case LineKey(family, acl, text), int():
                acls.setdefault((family, acl), []).append(Line(value, text, ours=True))
            case BindKey(interface, family, way), str():
                port = ports[interface]
                ports[interface] = replace(port, acls={**port.acls, (family, way): value})
            case PeerKey(neighbor, family, direction), str():
                peer = peers[neighbor]
                applied = {**peer.policies, (family, direction): value}
                peers[neighbor] = replace(peer, policies=applied)
            case DownKey(interface), _:
                ports[interface] = replace(ports[interface], shut=True)
            case ClosedKey(neighbor), _:
                peers[neighbor] = replace(peers[neighbor], shut=True)
    return replace(
        _objects(items, box),
        acls={key: tuple(sorted(some, key=lambda x: x.number)) for key, some in acls.items()},
        ports=ports,
        peers=peers,
    )


def _objects(items: Items, box: Box) -> Box:
    groups = {(k.family, k.name): v for k, v in items.items() if isinstance(k, GroupKey)}
    routes = {(k.family, k.prefix): v for k, v in items.items() if isinstance(k, RouteKey)}
    sets = {k.name: v for k, v in items.items() if isinstance(k, SetKey)}
    policies = {k.name: v for k, v in items.items() if isinstance(k, PolicyKey)}
    return replace(
        box,
        groups={k: v for k, v in groups.items() if isinstance(v, Group)},
        routes={k: v for k, v in routes.items() if isinstance(v, str)},
        sets={k: v for k, v in sets.items() if isinstance(v, frozenset)},
        policies={k: v for k, v in policies.items() if isinstance(v, tuple)},
    )
