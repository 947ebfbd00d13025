# SPDX-License-Identifier: GPL-2.0-or-later
"""Suricata: EVE records of alerts, one JSON object a line, as its log has them (version 4 to 7).

An alert names the ends of a packet, which may be an answer. Whom it is about: the attacker that
the signature states (``alert.source``), else the client of the flow; or, where the settings say
so, the end that is ours or the one that is not. Records other than alerts are skipped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal

from enforcer.core.orders import Network
from enforcer.core.signals import Evidence, Signal
from enforcer.errors import ConfigurationInvalid, InvalidInput
from enforcer.intake.documents import (
    MOST_SIGNALS,
    instant_of,
    member,
    network_of,
    port_of,
    protocol_of,
    read_object,
    text_of,
    transport_evidence,
    word_of,
)

About = Literal["attacker", "ours", "outside"]
_ABOUT = ("attacker", "ours", "outside")
_TCP = 6
_SEVERITIES = {"1": "high", "2": "medium", "3": "low", "4": "info"}
PLACE = "service.intake.adapters.suricata"
KEYS = frozenset(["home", "about", "path", "state", "source", "limits"])


@dataclass(frozen=True, slots=True)
class Ends:
    """Which end is ours, and which one an alert is about. `home`: our prefixes."""

    home: tuple[Network, ...] = ()
    about: About = "attacker"

    def ours(self, network: Network | None) -> bool:
        """Whether `network` is in `home`."""
        return network is not None and any(_inside(network, one) for one in self.home)


def read_ends(stated: Mapping[str, Any]) -> Ends:
    """The settings of the adapter. Raises ConfigurationInvalid naming the key."""
    for key in stated:
        if key not in KEYS:
            raise ConfigurationInvalid(f"{PLACE}: {key}: there is no such key: {sorted(KEYS)}")
    about = stated.get("about", "attacker")
    if about not in _ABOUT:
        raise ConfigurationInvalid(f"{PLACE}: about: write one of {', '.join(_ABOUT)}")
    written = stated.get("home", [])
    written = [written] if isinstance(written, str) else list(written)
    home = [network_of(one) for one in written]
    if None in home:
        raise ConfigurationInvalid(f"{PLACE}: home: {written[home.index(None)]} is no prefix")
    if about != "attacker" and not home:
        raise ConfigurationInvalid(f"{PLACE}: about = {about}: state `home`, our prefixes, too")
    return Ends(tuple(one for one in home if one is not None), about)


def read_suricata(raw: bytes, ends: Ends = Ends()) -> list[Signal]:
    """The alerts among the lines of `raw`. Raises InvalidInput naming the line."""
    signals = []
    # A record that was laid out for people is one all the same.
    spread = raw.lstrip().startswith((b"{\n", b"{\r\n"))
    for number, line in enumerate([raw] if spread else raw.split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            signal = read_line(line, ends)
        except InvalidInput as problem:
            raise InvalidInput(f"line {number}: {problem}") from None
        if signal is not None:
            signals.append(signal)
        if len(signals) > MOST_SIGNALS:
            raise InvalidInput(f"more than {MOST_SIGNALS} alerts at once: send them in parts")
    return signals


def read_line(line: bytes, ends: Ends = Ends()) -> Signal | None:
    """One record; None: it is no alert. Raises InvalidInput."""
    record = read_object(line)
    kind = text_of(record.get("event_type"))
    if not kind:
        raise InvalidInput("`event_type` is missing: this is no record of EVE")
    if kind != "alert":
        return None
    alert = record.get("alert")
    if not isinstance(alert, Mapping):
        raise InvalidInput("`alert` is missing")
    source, destination = network_of(record.get("src_ip")), network_of(record.get("dest_ip"))
    if source is None or destination is None:
        raise InvalidInput("`src_ip` or `dest_ip` is not an address")
    return _signal(record, alert, _Pair(source, destination), ends)


@dataclass(frozen=True, slots=True)
class _Pair:
    source: Network
    destination: Network

    def turned(self) -> _Pair:
        return _Pair(self.destination, self.source)


def _signal(record: Mapping[str, Any], alert: Mapping[str, Any], pair: _Pair, ends: Ends) -> Signal:
    about, warnings = _about(record, alert, pair, ends)
    protocol = protocol_of(record.get("proto"))
    answer = text_of(record.get("direction")) == "to_client"
    signature = text_of(alert.get("signature_id"))
    when = text_of(record.get("timestamp"))
    flow = text_of(record.get("flow_id"))
    return Signal(
        "suricata",
        word_of(alert.get("category")) or "alert",
        about.source,
        instant_of(when),
        _evidence(record, protocol),
        peer=about.destination,
        id=f"{flow} {signature} {when}" if flow and when else "",
        key=f"{about.source} {signature}",
        severity=_SEVERITIES.get(text_of(alert.get("severity")), ""),
        port=port_of(record.get("src_port" if answer else "dest_port")),
        protocol=protocol,
        reporter=text_of(record.get("host")) or "suricata",
        fields={
            "alert": alert,
            "flow": record.get("flow"),
            "app_proto": record.get("app_proto"),
            "flow_id": record.get("flow_id"),
            "in_iface": record.get("in_iface"),
            "ours": _which(about, ends),
        },
        warnings=warnings,
    )


def _about(
    record: Mapping[str, Any], alert: Mapping[str, Any], pair: _Pair, ends: Ends
) -> tuple[_Pair, tuple[str, ...]]:
    """The pair with whom the alert is about as its source, and what is to be warned of."""
    if text_of(record.get("direction")) == "to_client":
        pair = pair.turned()
    attacker = network_of(member(alert, "source", "ip"))
    if attacker == pair.destination:
        pair = pair.turned()
    if ends.about == "attacker":
        return pair, ()
    mine = ends.ours(pair.source), ends.ours(pair.destination)
    if mine[0] == mine[1]:
        said = "both ends are ours" if mine[0] else "neither end is ours"
        return pair, (f"{said}: it is taken as about the attacker",)
    return (pair if mine[0] is (ends.about == "ours") else pair.turned()), ()


def _which(about: _Pair, ends: Ends) -> str:
    """Which end is ours: target, peer, both, none; empty where the settings do not tell."""
    if not ends.home:
        return ""
    mine = ends.ours(about.source), ends.ours(about.destination)
    return {(True, True): "both", (True, False): "target", (False, True): "peer"}.get(mine, "none")


def _evidence(record: Mapping[str, Any], protocol: int | None) -> Evidence:
    """Packets counted both ways prove nothing: a forged SYN is answered, and may be repeated.

    Suricata looks for an application in a stream only, which begins with a finished handshake
    (unless `stream.midstream` or `async-oneside` are on); `app_proto` is then told, be it failed.
    """
    if protocol != _TCP:
        return transport_evidence(protocol)
    states = (member(record, "flow", "state"), member(record, "tcp", "state"))
    if "established" in states or text_of(record.get("app_proto")):
        return Evidence.ESTABLISHED
    return Evidence.SYN


def _inside(network: Network, prefix: Network) -> bool:
    if isinstance(network, IPv4Network) and isinstance(prefix, IPv4Network):
        return network.subnet_of(prefix)
    if isinstance(network, IPv6Network) and isinstance(prefix, IPv6Network):
        return network.subnet_of(prefix)
    return False
