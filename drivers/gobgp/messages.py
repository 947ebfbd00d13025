# SPDX-License-Identifier: GPL-2.0-or-later
"""Between GoBGP's messages and ours. No I/O.

The generated modules have no types: nothing outside this module and `speaker` touches them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from google.protobuf.any_pb2 import Any as Packed

from drivers.gobgp._stubs import attribute_pb2, gobgp_pb2
from drivers.gobgp.model import (
    IDENTIFIER,
    Announcement,
    Large,
    Peering,
    network_of,
    sendable,
)
from enforcer.core.orders import Network
from enforcer.errors import CommandRejected, ParseFailed

Message = Any
"""One message of the generated modules."""
_AFI = {4: gobgp_pb2.Family.AFI_IP, 6: gobgp_pb2.Family.AFI_IP6}
_LOCAL = ("", "<nil>")
"""What a path says of its neighbor when the speaker itself was told of it."""


def family(version: int) -> Message:
    """IPv4 or IPv6 unicast."""
    return gobgp_pb2.Family(afi=_AFI[version], safi=gobgp_pb2.Family.SAFI_UNICAST)


def path_of(device: str, wanted: Announcement, withdraw: bool = False) -> Message:
    """A path to send. Raises CommandRejected, before anything is sent, for what must never be."""
    why = sendable(wanted.prefix)
    if why and not withdraw:
        raise CommandRejected(
            device, f"{wanted.prefix} {why}: nothing was announced; lift the order"
        )
    if not wanted.next_hop and not withdraw:
        raise CommandRejected(
            device,
            f"there is no IPv{wanted.prefix.version} next hop for blackholes: state it under"
            " rtbh.next_hops in the inventory",
        )
    nlri = attribute_pb2.IPAddressPrefix(
        prefix=str(wanted.prefix.network_address), prefix_len=wanted.prefix.prefixlen
    )
    path = gobgp_pb2.Path(
        family=family(wanted.prefix.version), is_withdraw=withdraw, identifier=IDENTIFIER
    )
    path.nlri.Pack(nlri)
    path.pattrs.extend(_packed(a) for a in _attributes(wanted, nlri))
    return path


def _attributes(wanted: Announcement, nlri: Message) -> Iterable[Message]:
    yield attribute_pb2.OriginAttribute(origin=0)
    if wanted.prefix.version == 4:
        yield attribute_pb2.NextHopAttribute(next_hop=wanted.next_hop)
    else:
        yield attribute_pb2.MpReachNLRIAttribute(
            family=family(6), next_hops=[wanted.next_hop], nlris=[_packed(nlri)]
        )
    yield attribute_pb2.CommunitiesAttribute(communities=sorted(wanted.communities))
    yield attribute_pb2.LargeCommunitiesAttribute(
        communities=[
            attribute_pb2.LargeCommunity(global_admin=a, local_data1=b, local_data2=c)
            for a, b, c in sorted(wanted.large)
        ]
    )


def _packed(message: Message) -> Message:
    packed: Message = Packed()
    packed.Pack(message)
    return packed


# -- answers ---------------------------------------------------------------------------------


def announcements(device: str, paths: Iterable[Message], mark: int) -> dict[Network, Announcement]:
    """Those of `paths` that the speaker was told of and that carry our mark, by prefix.

    Raises ParseFailed for one of ours that cannot be understood.
    """
    found: dict[Network, Announcement] = {}
    for path in paths:
        if path.neighbor_ip not in _LOCAL:
            continue
        next_hops, communities, large = _read(_raw(path))
        if not any(c.admin == mark for c in large):
            continue
        prefix = _prefix(device, path)
        if prefix in found:
            raise ParseFailed(
                device,
                f"{prefix} is announced twice with our mark: delete one (gobgp global rib del)",
            )
        hop = next_hops[0] if len(next_hops) == 1 else ""
        found[prefix] = Announcement(prefix, hop, communities, large)
    return found


def _prefix(device: str, path: Message) -> Network:
    nlri = attribute_pb2.IPAddressPrefix()
    network = None
    if path.nlri.Is(nlri.DESCRIPTOR) and path.nlri.Unpack(nlri):
        network = network_of(nlri.prefix, nlri.prefix_len)
    if network is None:
        raise ParseFailed(
            device, f"a path with our mark has no prefix that can be read: {str(path.nlri)[:200]}"
        )
    return network


def _raw(path: Message) -> tuple[tuple[str, bytes], ...]:
    """The attributes as they came; an IPv6 prefix is repeated among them and left out."""
    return tuple((a.type_url, a.value) for a in path.pattrs)


@lru_cache(maxsize=4096)
def _read(
    attributes: tuple[tuple[str, bytes], ...],
) -> tuple[tuple[str, ...], frozenset[int], frozenset[Large]]:
    """Next hops, communities and large communities; most paths of a table share them."""
    next_hops: list[str] = []
    communities: set[int] = set()
    large: set[Large] = set()
    for url, value in attributes:
        name = url.rpartition(".")[2]
        if name == "NextHopAttribute":
            next_hops.append(attribute_pb2.NextHopAttribute.FromString(value).next_hop)
        elif name == "MpReachNLRIAttribute":
            next_hops += attribute_pb2.MpReachNLRIAttribute.FromString(value).next_hops
        elif name == "CommunitiesAttribute":
            communities.update(attribute_pb2.CommunitiesAttribute.FromString(value).communities)
        elif name == "LargeCommunitiesAttribute":
            some = attribute_pb2.LargeCommunitiesAttribute.FromString(value).communities
            large.update(Large(c.global_admin, c.local_data1, c.local_data2) for c in some)
    return tuple(next_hops), frozenset(communities), frozenset(large)


def carries(path: Message, mark: int) -> bool:
    """Whether a path carries our mark."""
    return any(c.admin == mark for c in _read(_raw(path))[2])


def peering(peer: Message, asn: int) -> Peering:
    """A session of the speaker, whose own AS is `asn`."""
    other = peer.state.peer_asn or peer.conf.peer_asn
    up = peer.state.session_state == gobgp_pb2.PeerState.ESTABLISHED
    return Peering(peer.conf.neighbor_address, other, other != asn, up)


def addresses(networks: Sequence[Network]) -> str:
    """The first few, for a message."""
    shown = ", ".join(map(str, networks[:3]))
    return shown + (f" and {len(networks) - 3} more" if len(networks) > 3 else "")
