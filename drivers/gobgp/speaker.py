# SPDX-License-Identifier: GPL-2.0-or-later
"""gobgpd's gRPC API: every call has a time limit, every fault is one of ours.

A call that was not answered may have been carried out: the caller reads back. Nothing but checked
prefixes is sent (`messages.path_of`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import grpc

from drivers.gobgp._stubs import gobgp_pb2
from drivers.gobgp.messages import Message, announcements, carries, family, path_of, peering
from drivers.gobgp.model import LEAKED, OWNER, Announcement, Peering
from drivers.gobgp.options import Options
from enforcer.core.orders import Network
from enforcer.core.rules import HOLD_MARKER
from enforcer.errors import (
    AuthenticationFailed,
    ConfigurationInvalid,
    DeviceError,
    DeviceUnreachable,
    ParseFailed,
)

_SERVICE = "/apipb.GobgpApi/"
_CHUNK = 500
"""Paths in one message of a stream."""
_TABLE_SECONDS = 6
"""So many times longer may reading a whole table take than one answer."""
_SETS = (gobgp_pb2.COMMUNITY, gobgp_pb2.PREFIX, gobgp_pb2.NEIGHBOR)
"""Kinds of sets in which a person may put the marker; ours is of the first."""


class Speaker:
    """One connection; used by one thread, `close` by any."""

    def __init__(self, device: str, options: Options) -> None:
        self._device = device
        self._options = options
        self._channel = _channel(device, options)
        self._asn: int | None = None

    @classmethod
    @contextmanager
    def opened(cls, device: str, options: Options) -> Iterator[Self]:
        """A connection that is closed at the end. Raises DeviceUnreachable."""
        speaker = cls(device, options)
        try:
            speaker.asn()
            yield speaker
        finally:
            speaker.close()

    def close(self) -> None:
        """End it, and every call that is under way."""
        self._channel.close()

    def _call(self, method: str, request: Message, answer: str, longer: int = 1) -> Message:
        made = self._channel.unary_unary(
            _SERVICE + method, request_serializer=_bytes, response_deserializer=_reader(answer)
        )
        with _translated(self._device, method, self._options):
            return made(request, timeout=self._options.seconds * longer)

    def _list(self, method: str, request: Message, answer: str, longer: int = 1) -> list[Message]:
        made = self._channel.unary_stream(
            _SERVICE + method, request_serializer=_bytes, response_deserializer=_reader(answer)
        )
        with _translated(self._device, method, self._options):
            return list(made(request, timeout=self._options.seconds * longer))

    # -- reading -----------------------------------------------------------------------------

    def asn(self) -> int:
        """The speaker's AS. Raises DeviceError where it runs without BGP."""
        if self._asn is None:
            found = self._call("GetBgp", gobgp_pb2.GetBgpRequest(), "GetBgpResponse")
            if not found.HasField("global"):
                raise ParseFailed(self._device, "gobgpd did not tell its AS")
            self._asn = int(getattr(found, "global").asn)
            if not self._asn:
                raise DeviceError(
                    self._device, "gobgpd runs without BGP: give it a configuration with an AS"
                )
        return self._asn

    def ours(self, version: int) -> dict[Network, Announcement]:
        """The paths of one family that carry our mark."""
        request = gobgp_pb2.ListPathRequest(table_type=gobgp_pb2.GLOBAL, family=family(version))
        found = self._list("ListPath", request, "ListPathResponse", _TABLE_SECONDS)
        paths = (path for answer in found for path in answer.destination.paths)
        return announcements(self._device, paths, self._options.mark)

    def marks(self) -> tuple[tuple[str, ...], bool]:
        """The names of all sets of ours, and whether the marker is there that forbids to write."""
        names: set[str] = set()
        hold = False
        for kind in _SETS:
            request = gobgp_pb2.ListDefinedSetRequest(defined_type=kind)
            for answer in self._list("ListDefinedSet", request, "ListDefinedSetResponse"):
                name = answer.defined_set.name
                hold |= name == HOLD_MARKER
                ours = name.split(" ")[0] == OWNER or name.startswith(LEAKED)
                if kind == _SETS[0] and ours:
                    names.add(name)
        return tuple(sorted(names)), hold

    def peerings(self) -> tuple[Peering, ...]:
        """The BGP sessions."""
        found = self._list("ListPeer", gobgp_pb2.ListPeerRequest(), "ListPeerResponse")
        return tuple(peering(answer.peer, self.asn()) for answer in found)

    # -- writing -----------------------------------------------------------------------------

    def send(self, gone: Iterable[Announcement], come: Iterable[Announcement]) -> None:
        """Announce `come`, then withdraw `gone`. Raises DeviceError: read back what stands."""
        device = self._device
        paths = [path_of(device, a) for a in come]
        paths += [path_of(device, a, withdraw=True) for a in gone]
        requests = [
            gobgp_pb2.AddPathStreamRequest(
                table_type=gobgp_pb2.GLOBAL, paths=paths[at : at + _CHUNK]
            )
            for at in range(0, len(paths), _CHUNK)
        ]
        made = self._channel.stream_unary(
            _SERVICE + "AddPathStream",
            request_serializer=_bytes,
            response_deserializer=bytes,
        )
        with _translated(device, "AddPathStream", self._options):
            made(iter(requests), timeout=self._options.seconds * _TABLE_SECONDS)

    def set_mark(self, name: str, there: bool) -> None:
        """Make a mark, or take it away."""
        made = gobgp_pb2.DefinedSet(defined_type=_SETS[0], name=name)
        if there:
            self._call("AddDefinedSet", gobgp_pb2.AddDefinedSetRequest(defined_set=made), "")
        else:
            request = gobgp_pb2.DeleteDefinedSetRequest(defined_set=made, all=True)
            self._call("DeleteDefinedSet", request, "")

    # -- events ------------------------------------------------------------------------------

    def events(self) -> tuple[Iterator[str], Callable[[], None]]:
        """What changes, as a word or two each ("" where it is nothing of ours), until it breaks.

        The second makes the first end. The first raises DeviceError when the speaker is gone.
        """
        request = gobgp_pb2.WatchEventRequest(
            peer=gobgp_pb2.WatchEventRequest.Peer(),
            table=gobgp_pb2.WatchEventRequest.Table(
                filters=[gobgp_pb2.WatchEventRequest.Table.Filter()]
            ),
        )
        made = self._channel.unary_stream(
            _SERVICE + "WatchEvent",
            request_serializer=_bytes,
            response_deserializer=_reader("WatchEventResponse"),
        )
        stream = made(request)
        return self._told(stream), stream.cancel

    def _told(self, stream: Iterable[Message]) -> Iterator[str]:
        with _translated(self._device, "WatchEvent", self._options):
            for event in stream:
                if event.HasField("peer"):
                    if event.peer.type == gobgp_pb2.WatchEventResponse.PeerEvent.STATE:
                        yield f"session with {event.peer.peer.state.neighbor_address} changed"
                elif event.HasField("table"):
                    ours = any(carries(p, self._options.mark) for p in event.table.paths)
                    yield "announcements changed" if ours else ""


def _bytes(message: Message) -> bytes:
    written: bytes = message.SerializeToString()
    return written


def _reader(name: str) -> Callable[[bytes], Message]:
    if not name:
        return bytes
    read: Callable[[bytes], Message] = getattr(gobgp_pb2, name).FromString
    return read


def _channel(device: str, options: Options) -> Message:
    # Its own connection, and no waiting before it is tried again: who died is known at once.
    arguments = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_http_proxy", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 500),
        ("grpc.max_receive_message_length", 64 << 20),
        ("grpc.keepalive_time_ms", 10_000),
        ("grpc.keepalive_timeout_ms", 5_000),
    ]
    if options.tls is None:
        return grpc.insecure_channel(options.target, arguments)
    tls = options.tls
    try:
        ca, key, cert = (Path(p).read_bytes() if p else None for p in (tls.ca, tls.key, tls.cert))
    except OSError as error:
        raise ConfigurationInvalid(f"{device}: a file for TLS cannot be read: {error}") from None
    if tls.name:
        arguments.append(("grpc.ssl_target_name_override", tls.name))  # type: ignore[arg-type]  # text here
    return grpc.secure_channel(
        options.target, grpc.ssl_channel_credentials(ca, key, cert), arguments
    )


@contextmanager
def _translated(device: str, method: str, options: Options) -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        raise _fault(device, method, options, error) from None
    except ValueError as error:
        # The channel was closed, or bytes are no message.
        raise ParseFailed(device, f"gobgpd's answer to {method} is no message: {error}") from None


def _fault(device: str, method: str, options: Options, error: Message) -> DeviceError:
    code = error.code()
    said = " ".join(str(error.details() or "").split())[:300]
    status = grpc.StatusCode
    if code is status.DEADLINE_EXCEEDED:
        return DeviceUnreachable(
            device,
            f"gobgpd at {options.target} did not answer {method} in time; what it did is unknown,"
            " and it is read again",
        )
    if code in (status.UNAVAILABLE, status.CANCELLED):
        return DeviceUnreachable(
            device,
            f"gobgpd at {options.target} cannot be reached ({said}): is it running? All blackholes"
            " are gone from the routers while it is not",
        )
    if code in (status.UNAUTHENTICATED, status.PERMISSION_DENIED):
        return AuthenticationFailed(
            device, f"gobgpd refuses us ({said}): check tls_cert and tls_key"
        )
    if code is status.INTERNAL:
        return ParseFailed(device, f"gobgpd's answer to {method} is not understood: {said}")
    return DeviceError(device, f"gobgpd did not carry out {method} ({said}); it is read back")
