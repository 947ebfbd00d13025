# SPDX-License-Identifier: GPL-2.0-or-later
"""What proves nothing blocks nobody: each test tries to get round it."""

from __future__ import annotations

import json
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import pytest

from enforcer.core.orders import Blackhole, BlockAddress, Direction
from enforcer.core.signals import Evidence, Part, Signal
from enforcer.intake.fail2ban import read_fail2ban
from enforcer.intake.fastnetmon import read_fastnetmon
from enforcer.intake.intelmq import read_intelmq
from enforcer.intake.mail import read_mail
from enforcer.intake.xarf import read_xarf
from tests.unit.intake.conftest import MakeOffice
from tests.unit.intake.desk_of_reports import BLOCK, IDS, MAILBOX, signal

ANY = {k: v for k, v in BLOCK.items() if k not in ("type", "direction")}
"""Every report becomes a block of its target, as far as a rule can say so."""
KINDS: list[dict[str, Any]] = [
    {},
    {"direction": "from"},
    {"direction": "to"},
    {"kind": "blackhole"},
    {"kind": "block_port", "order_ports": "25", "order_protocols": "tcp"},
    {"kind": "block_flow"},
    {"kind": "suspend_customer"},
    {"kind": "cut_feed"},
    {"of": "peer"},
    {"kind": "block_flow", "of": "peer"},
]
FORGED = [Evidence.UDP, Evidence.ICMP, Evidence.SYN, Evidence.UNKNOWN]
VICTIM = "192.0.2.7"
ATTACKER = "198.18.0.1"


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_what_nobody_authenticated_never_orders(office: MakeOffice, kind: dict[str, Any]) -> None:
    desk = office({**ANY, **kind})
    for part in Part:
        one = signal(VICTIM, peer=ATTACKER, part=part, key=part)
        assert desk.take_one(one, trusted=False).state == "open"
    assert desk.placed() == []


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_a_mail_never_orders_whoever_brings_it(office: MakeOffice, kind: dict[str, Any]) -> None:
    """A detector's token vouches for who posted it, not for who wrote it."""
    desk = office({**ANY, **kind})
    mail = (
        b"From: fbl@reporter.example\r\nMIME-Version: 1.0\r\nMessage-ID: <1@x>\r\n"
        b"Content-Type: multipart/report; boundary=p\r\n\r\n"
        b"--p\r\nContent-Type: message/feedback-report\r\n\r\n"
        b"Feedback-Type: abuse\r\nVersion: 1\r\nSource-IP: 192.0.2.7\r\n\r\n--p--\r\n"
    )
    report = {"source_identifier": VICTIM, "type": "login_attack", "protocol": "tcp"}
    xarf = b"From: a@x\r\nContent-Type: application/json\r\n\r\n" + json.dumps(report).encode()
    for raw in (mail, xarf):
        (one,) = read_mail(raw)
        assert one.target == ip_network(VICTIM)
        assert desk.take_one(one, actor=IDS, trusted=True).state == "open"
        assert desk.take_one(one, actor=MAILBOX, trusted=False).state == "open"
        relabelled = replace(one, evidence=Evidence.ESTABLISHED)
        assert desk.take_one(relabelled, actor=IDS, trusted=True).state == "open"
    assert desk.placed() == []


@pytest.mark.parametrize("kind", [k for k in KINDS if k.get("of") != "peer"], ids=str)
@pytest.mark.parametrize("evidence", FORGED)
def test_a_source_that_may_be_forged_is_not_blocked(
    office: MakeOffice, kind: dict[str, Any], evidence: Evidence
) -> None:
    desk = office({**ANY, **kind})
    receipt = desk.take_one(signal(VICTIM, peer=ATTACKER, evidence=evidence))
    assert receipt.state == "open" and desk.placed() == []
    assert "person" in receipt.said


@pytest.mark.parametrize("evidence", FORGED)
def test_nor_is_it_as_the_other_end(office: MakeOffice, evidence: Evidence) -> None:
    """The victim is named as the target, and the rule asks for its attacker."""
    for kind in ({"of": "peer"}, {"of": "peer", "direction": "to"}, {"kind": "block_flow"}):
        desk = office({**ANY, **kind, "name": "r"})
        one = signal(VICTIM, peer=ATTACKER, part=Part.VICTIM, evidence=evidence)
        assert desk.take_one(one).state == "open", kind
        assert desk.placed() == []


@pytest.mark.parametrize("evidence", list(Evidence))
def test_a_victim_of_ours_may_be_relieved(office: MakeOffice, evidence: Evidence) -> None:
    desk = office({**ANY, "direction": "to"})
    receipt = desk.take_one(signal(VICTIM, part=Part.VICTIM, evidence=evidence))
    assert receipt.state == ("open" if evidence is Evidence.MAIL else "ordered")
    for order in desk.placed():
        assert isinstance(order.demand, BlockAddress)
        assert order.demand.direction is Direction.TO


@pytest.mark.parametrize("kind", [{}, {"direction": "from"}, {"kind": "suspend_customer"}])
def test_a_victim_is_not_cut_off_in_both_directions(
    office: MakeOffice, kind: dict[str, Any]
) -> None:
    desk = office({**ANY, **kind})
    assert desk.take_one(signal(VICTIM, part=Part.VICTIM, evidence=Evidence.UDP)).state == "open"
    assert desk.placed() == []


@pytest.mark.parametrize("target", [ATTACKER, "192.0.0.0/16", "0.0.0.0/0", "::/0"])
def test_a_victim_must_be_ours(office: MakeOffice, target: str) -> None:
    """Else whoever is called a victim is blocked by that word."""
    desk = office({**ANY, "direction": "to"})
    assert desk.take_one(signal(target, part=Part.VICTIM, evidence=Evidence.UDP)).state == "open"
    assert desk.placed() == []


def test_the_victim_of_a_forged_flood_can_be_blackholed(office: MakeOffice) -> None:
    """The verdict is an order; where it is announced is the guardrails' business."""
    desk = office({**ANY, "kind": "blackhole", "type": "ddos"})
    event = {"action": "ban", "ip": VICTIM, "attack_details": {"incoming_udp_pps": 9}}
    event["attack_details"] = {"incoming_udp_pps": 9, "total_incoming_pps": 9}
    (one,) = read_fastnetmon(json.dumps(event).encode())
    receipt = desk.take_one(one)
    assert receipt.state in ("ordered", "failed"), receipt
    assert all(isinstance(order.demand, Blackhole) for order in desk.placed())


def test_forged_mails_do_not_count_towards_a_threshold(office: MakeOffice) -> None:
    desk = office({**ANY, "threshold": 3})
    for number in range(20):
        one = signal(VICTIM, id=f"m{number}")
        desk.take_one(replace(one, format="arf", evidence=Evidence.MAIL), actor=MAILBOX)
        desk.take_one(replace(one, key="k"), trusted=False, actor=MAILBOX)
        desk.take_one(replace(one, evidence=Evidence.UDP))
    assert desk.take_one(signal(VICTIM)).state == "counted"
    assert desk.placed() == []


def test_forged_reports_hide_no_order(office: MakeOffice) -> None:
    """Any number of them about a target: what stands there is still known."""
    desk = office({**ANY, "type": "scan*"}, {"name": "rest", "do": "open"})
    order = desk.take_one(signal(VICTIM)).order
    mails = [signal(VICTIM, type=f"t{n}", format="arf") for n in range(300)]
    desk.take(*mails, trusted=False, actor=MAILBOX)
    assert desk.take_one(signal(VICTIM, key="another")).order == order
    assert len(desk.placed()) == 1


def test_a_forged_resolution_ends_nothing(office: MakeOffice) -> None:
    from enforcer.core.signals import Status

    desk = office({**ANY, "lift": True})
    desk.take_one(signal(key="k"))
    over = signal(key="k", status=Status.RESOLVED)
    assert desk.take_one(over, trusted=False).state == "open"
    assert desk.placed()[0].lifted is None


def test_no_rule_can_say_that_mails_order(office: MakeOffice) -> None:
    from enforcer.errors import ConfigurationInvalid

    with pytest.raises(ConfigurationInvalid, match="mails never order"):
        office({**ANY, "format": ["arf", "mail"]})
    desk = office({**ANY, "format": ["arf", "*"]})
    assert desk.take_one(replace(signal(), format="arf")).state == "open"


@pytest.mark.parametrize(
    "document",
    [
        {"source_identifier": VICTIM, "type": "ddos", "protocol": "udp"},
        {"source_identifier": VICTIM, "type": "ddos", "protocol": "tcp"},
        {"source_identifier": VICTIM, "type": "ddos"},
        {"source_identifier": VICTIM, "type": "login_attack"},
        {"source_identifier": VICTIM, "type": "probe", "protocol": "tcp", "scan_type": "syn"},
        {"source_identifier": VICTIM, "type": "x", "protocol": "UDP", "category": "content"},
        {"source_identifier": VICTIM, "type": "ddos", "category": "content"},
        {"source_identifier": VICTIM, "type": "ddos", "category": "fraud"},
        {"source_identifier": VICTIM, "type": "phishing", "category": "connection"},
        {
            "source_identifier": VICTIM,
            "type": "login_attack",
            "protocol": "tcp",
            "attack_vector": "syn_flood",
        },
        *(
            {"source_identifier": VICTIM, "category": "connection", "protocol": p, "type": t}
            for p in ("tcp", "http", "ssh")
            for t in (
                "ddos",
                "tcp_syn_scan",
                "portscanning",
                "reconnaissance",
                "infected_host",
                "amplification",
                "udp_flood",
                "dns_probe",
                "never_heard_of",
            )
        ),
    ],
    ids=str,
)
def test_xarf_that_leaves_the_transport_open(office: MakeOffice, document: dict[str, Any]) -> None:
    desk = office(ANY)
    (one,) = read_xarf(json.dumps(document).encode())
    assert desk.take_one(one).state == "open" and desk.placed() == []


@pytest.mark.parametrize(
    "stated",
    [
        {"classification.type": "ids-alert"},
        {"classification.type": "exploit"},
        {"classification.type": "infected-system"},
        {"classification.type": "other"},
        {"classification.type": "brute-force", "classification.identifier": "syn-scan"},
        {"classification.type": "scanner", "extra.enforcer.evidence": "tcp-established"},
        {"classification.type": "dos", "protocol.transport": "",
         "extra.enforcer.evidence": "tcp-established"},
    ],
    ids=str,
)  # fmt: skip
def test_intelmq_that_tells_of_no_handshake(office: MakeOffice, stated: dict[str, str]) -> None:
    desk = office(ANY)
    event = {"source.ip": VICTIM, "protocol.transport": "tcp", **stated}
    (one,) = read_intelmq(json.dumps(event).encode())
    assert desk.take_one(one).state == "open" and desk.placed() == []


@pytest.mark.parametrize("jail", ["sshd", "portscan", "ufw-block", "named-refused"])
def test_a_jail_that_states_nothing(office: MakeOffice, jail: str) -> None:
    """`protocol=tcp` is what a firewall's log says of a lone SYN too."""
    desk = office(ANY)
    ban = {"action": "ban", "ip": VICTIM, "jail": jail, "protocol": "tcp"}
    (one,) = read_fail2ban(json.dumps(ban).encode())
    assert desk.take_one(one).state == "open" and desk.placed() == []


def test_intelmq_cannot_overrule_the_transport(office: MakeOffice) -> None:
    desk = office(ANY)
    event = {
        "source.ip": VICTIM,
        "classification.type": "ddos",
        "protocol.transport": "udp",
        "extra.enforcer.evidence": "tcp-established",
    }
    (one,) = read_intelmq(json.dumps(event).encode())
    assert desk.take_one(one).state == "open" and desk.placed() == []


def test_what_names_nobody_waits(office: MakeOffice) -> None:
    desk = office(ANY)
    assert desk.take_one(signal(None, id="a")).state == "open"
    assert desk.take_one(Signal("test", "x", evidence=Evidence.ESTABLISHED)).state == "open"
    assert desk.placed() == []
