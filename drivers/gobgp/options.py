# SPDX-License-Identifier: GPL-2.0-or-later
"""From the inventory's words to how the speaker is reached and what is announced. No I/O."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Self

from drivers.gobgp.model import MARK, Large
from drivers.gobgp.render import Shape
from enforcer.core.rules import Owner
from enforcer.core.topology import Blackholing, Device
from enforcer.errors import ConfigurationInvalid

_TLS = frozenset({"tls_ca", "tls_cert", "tls_key", "tls_name"})
KEYS = frozenset({"grpc", *_TLS})
_OPTIONS = frozenset({"mark", "seconds", "patience", "canary_hours"})
DEFAULT_TARGET = "127.0.0.1:50051"
UNIX = "unix:"
"""Before the path of a socket, which the rights of its folder protect."""
_HIGHEST = 2**32 - 1


@dataclass(frozen=True, slots=True)
class Tls:
    """Files in PEM, by path; "" where none is used. `name`: what the certificate is for."""

    ca: str
    cert: str = ""
    key: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How one speaker is reached. `seconds`: for an answer. `patience`: seconds in which routers
    learn what was announced. `canary_hours`: how long the proof that nothing leaves the network
    is good for."""

    target: str
    tls: Tls | None
    mark: int = MARK
    seconds: float = 5.0
    patience: float = 10.0
    canary_hours: float = 24.0

    @classmethod
    def of(cls, device: Device) -> Self:
        """Understand the device's `transport` and `options`.

        Raises ConfigurationInvalid naming the device and what may stand there.
        """
        _known(device.name, "transport", device.transport, KEYS)
        _known(device.name, "options", device.options, _OPTIONS)
        target = device.transport.get("grpc", DEFAULT_TARGET)
        tls = _tls(device)
        if not _endpoint(target):
            raise ConfigurationInvalid(
                f"{device.name}: transport.grpc is {target!r}: write the address and port of"
                f" gobgpd's API, such as {DEFAULT_TARGET}, or unix:/PATH of its socket"
            )
        if tls is None and not _loopback(target):
            raise ConfigurationInvalid(
                f"{device.name}: transport.grpc is {target}, which is not this host, and whoever"
                " reaches it may announce anything: run gobgpd with --tls and state tls_ca, or let"
                " it listen on 127.0.0.1 only"
            )
        mark = _number(device, "mark", MARK, 1, _HIGHEST)
        hours = _number(device, "canary_hours", 24, 1, 24)
        seconds = _number(device, "seconds", 5, 1, 60)
        patience = _number(device, "patience", 10, 1, 60)
        return cls(target, tls, int(mark), seconds, patience, hours)


def _known(device: str, what: str, given: Iterable[str], known: frozenset[str]) -> None:
    unknown = sorted(set(given) - known)
    if unknown:
        raise ConfigurationInvalid(
            f"{device}: {what} has {', '.join(unknown)}, which is not known for gobgp; it takes"
            f" {', '.join(sorted(known))}"
        )


def _endpoint(target: str) -> bool:
    if target.startswith(UNIX):
        return target[len(UNIX) :].startswith("/")
    host, _, port = target.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536


def _loopback(target: str) -> bool:
    if target.startswith(UNIX):
        return True
    host = target.rpartition(":")[0].strip("[]")
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _tls(device: Device) -> Tls | None:
    given = {key: device.transport[key] for key in _TLS if device.transport.get(key)}
    if not given:
        return None
    if "tls_ca" not in given or ("tls_cert" in given) != ("tls_key" in given):
        raise ConfigurationInvalid(
            f"{device.name}: TLS to gobgpd takes tls_ca (whom to trust), and tls_cert with tls_key"
            " where it asks for a certificate of ours"
        )
    return Tls(
        given["tls_ca"],
        given.get("tls_cert", ""),
        given.get("tls_key", ""),
        given.get("tls_name", ""),
    )


def _number(device: Device, key: str, default: float, low: float, high: float) -> float:
    text = device.options.get(key, "")
    if not text:
        return default
    if not text.isdecimal() or not low <= int(text) <= high:
        raise ConfigurationInvalid(
            f"{device.name}: options.{key} is {text!r}: write a number from {low:g} to {high:g}"
        )
    return float(int(text))


# -- what is announced -----------------------------------------------------------------------


def community(text: str) -> int | Large | None:
    """``65535:666`` as a number (RFC 1997), ``64500:1:2`` as a large one; None: neither."""
    parts = text.split(":")
    if not all(p.isdecimal() for p in parts):
        return None
    numbers = [int(p) for p in parts]
    if len(numbers) == 2 and max(numbers) < 1 << 16:
        return numbers[0] << 16 | numbers[1]
    if len(numbers) == 3 and max(numbers) < 1 << 32:
        return Large(*numbers)
    return None


def shape(device: Device, options: Options, owner: Owner) -> Shape:
    """What announcements of `device` look like. Raises ConfigurationInvalid."""
    found = device.blackholing or Blackholing()
    parsed = [_community(device, text, options.mark) for text in found.communities]
    return Shape(
        owner,
        {int(family): _next_hop(device, family, a) for family, a in found.next_hops.items()},
        frozenset(c for c in parsed if isinstance(c, int)),
        frozenset(c for c in parsed if isinstance(c, Large)),
        {n: _community(device, text, options.mark) for n, text in found.upstreams.items()},
        options.mark,
    )


def _community(device: Device, text: str, mark: int) -> int | Large:
    found = community(text)
    if found is None or (isinstance(found, Large) and found.admin == mark):
        raise ConfigurationInvalid(
            f"{device.name}: {text!r} cannot be a community of its blackholes: write AS:NUMBER or"
            f" AS:NUMBER:NUMBER (not {mark}:..., which is our own mark)"
        )
    return found


def _next_hop(device: Device, family: str, text: str) -> str:
    try:
        found = {"4": IPv4Address, "6": IPv6Address}[family](text)
    except (KeyError, ValueError):
        raise ConfigurationInvalid(
            f"{device.name}: {text!r} is no IPv{family} next hop for blackholes"
        ) from None
    return str(found)
