# SPDX-License-Identifier: GPL-2.0-or-later
"""The lab does what it promises: reachability, services, measurements that can say no, reboots."""

import json
import time
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from scapy.layers.inet import IP, TCP

from lab import isp
from lab.errors import LabError, NotInLab, NoVerdict
from lab.probes import (
    Attempt,
    Capture,
    Established,
    Flow,
    Probe,
    Stream,
    Verdict,
    Window,
    fragments,
    icmp,
    inject,
    mail_arrives,
    mailbox,
    nntp_ihave,
    nntp_post,
    nntp_read,
    nntp_transfer,
    passage,
    ping,
    protocol,
    send_mail,
    tcp,
    tcp_attempt,
    tcp_open,
    udp,
)
from lab.shell import run, wait_until
from lab.traffic.sockets import open_capture
from lab.traffic.tags import new_run
from tests.lab.conftest import ROUTERS, LabView

pytestmark = pytest.mark.root

TABLE = "add table inet by_hand"
CHAIN = "add chain inet by_hand cut { type filter hook prerouting priority -200; }"
RULE = "add rule inet by_hand cut"
ENDS = [isp.CUST1, isp.CUST2, isp.RELAY, isp.NEWS, isp.MAILSINK, isp.VICTIM, isp.THIRD]


@pytest.mark.parametrize("source", ENDS, ids=lambda host: host.node)
def test_every_host_reaches_every_other(lab: LabView, source: isp.Addresses) -> None:
    others = [host for host in isp.ALL if host.node != source.node]
    targets = [address for host in others for address in (host.v4, host.v6)]
    assert [dst for dst in targets if not ping(source.node, dst)] == []


@pytest.mark.parametrize("host", isp.ALL, ids=lambda host: host.v4)
def test_addresses_are_those_of_the_topology(lab: LabView, host: isp.Addresses) -> None:
    shown = json.loads(lab.run(host.node, "ip", "-j", "addr").stdout)
    held = {info["local"] for link in shown for info in link["addr_info"]}
    assert {host.v4, host.v6, *host.more4, *host.more6} <= held


@pytest.mark.parametrize(
    "src, dst",
    [
        ("198.51.100.77", "192.0.2.10"),
        ("2001:db8:101:5::77", "2001:db8:f00:10::10"),
        ("198.51.100.1", "8.8.8.8"),
        ("2001:db8:101::1", "2606:4700::1111"),
    ],
)
def test_any_address_of_cust1_talks_to_anybody(lab: LabView, src: str, dst: str) -> None:
    assert tcp_open("cust1", src, dst, 80)


@pytest.mark.parametrize(
    "src, dst",
    [("9.9.9.9", "198.51.100.77"), ("2606:4700::1111", "2001:db8:101:5::77")],
)
def test_third_talks_from_any_address(lab: LabView, src: str, dst: str) -> None:
    assert tcp_open("third", src, dst, 80)


def test_a_closed_port_is_refused_not_silent(lab: LabView) -> None:
    assert tcp_attempt("cust1", "", isp.VICTIM.v4, 9) is Attempt.REFUSED


@pytest.mark.parametrize(
    "server, client",
    [
        (isp.MAILSINK.v4, isp.CUST1.v4),
        (isp.MAILSINK.v6, isp.CUST1.v6),
        (isp.RELAY.v4, isp.RELAY.v4),
        (isp.RELAY.v6, isp.RELAY.v4),
    ],
    ids=["direct", "direct v6", "by relay", "by relay v6"],
)
def test_mail_reaches_the_sink(lab: LabView, server: str, client: str) -> None:
    delivery = send_mail("cust1", server)
    assert delivery.accepted, delivery.reply
    assert mail_arrives("mailsink", delivery)
    [mail] = [kept for kept in mailbox("mailsink") if delivery.token in kept]
    assert mail.startswith(f"From {client}\n")


@pytest.mark.parametrize("source, sink", [("cust2", "news"), ("news", "cust2")])
def test_news_is_fed(lab: LabView, source: str, sink: str) -> None:
    transfer = nntp_transfer(source, sink)
    assert transfer.done, transfer.reply


@pytest.mark.parametrize(
    "server, peer, reader",
    [
        (isp.NEWS.v4, isp.CUST2.v4, isp.CUST2.more4[0]),
        (isp.NEWS.v6, isp.CUST2.v6, isp.CUST2.more6[0]),
    ],
)
def test_news_is_handed_over_and_read(lab: LabView, server: str, peer: str, reader: str) -> None:
    handed = nntp_ihave("cust2", server, src=peer)
    assert handed.reply.startswith("235")
    read = nntp_read("cust2", server, handed.message_id, src=reader)
    assert read.done, read.reply
    assert handed.message_id in read.reply


def test_strangers_may_not_post(lab: LabView) -> None:
    posted = nntp_post("third", isp.NEWS.v4)
    assert not posted.done
    assert "502" in posted.reply


def crafted(address: str, target: str) -> list[Probe]:
    number = 47 if "." in address else 50
    return [
        udp(address, target, 53),
        tcp(address, target, 25),
        tcp(address, target, 25, flags="A"),
        icmp(address, target),
        protocol(address, target, number),
        *fragments(address, target, 53),
    ]


SPOOFED = crafted("1.1.1.1", isp.CUST1.v4) + crafted("2606:4700::1111", isp.CUST1.v6)
CONTROL = udp("9.9.9.9", isp.CUST1.v4, 9)


def test_crafted_packets_of_every_kind_pass(bare_routers: LabView) -> None:
    result = passage("third", "cust1", SPOOFED, control=CONTROL)
    assert result.all_passed, result.dropped
    assert len(result.passed) == len(SPOOFED)


def test_crafted_packets_of_every_kind_are_seen_to_be_dropped(bare_routers: LabView) -> None:
    rules = [f"{RULE} ip saddr 1.1.1.1 drop", f"{RULE} ip6 saddr 2606:4700::1111 drop"]
    bare_routers.nft("core1", TABLE, CHAIN, *rules)
    result = passage("third", "cust1", SPOOFED, control=CONTROL)
    assert result.all_dropped, result.passed


def test_a_later_fragment_has_no_ports(bare_routers: LabView) -> None:
    bare_routers.nft("core1", TABLE, CHAIN, f"{RULE} udp dport 53 drop")
    result = passage("third", "cust1", fragments("1.1.1.1", isp.CUST1.v4, 53), control=CONTROL)
    assert [label.split()[-1] for label in result.dropped] == ["first"]
    assert [label.split()[-1] for label in result.passed] == ["later"]


def test_without_its_control_probe_there_is_no_verdict(bare_routers: LabView) -> None:
    bare_routers.nft("core1", TABLE, CHAIN, f"{RULE} ip saddr 9.9.9.9 drop")
    with pytest.raises(NoVerdict, match="control probe"):
        passage("third", "cust1", SPOOFED[:1], control=CONTROL)


def test_thousands_of_crafted_packets_lose_nothing(bare_routers: LabView) -> None:
    many = [udp(f"1.{n >> 8}.{n & 255}.1", isp.CUST1.v4, 9) for n in range(2000)]
    result = passage("third", "cust1", many, control=CONTROL)
    assert len(result.passed) == len(many)


def test_checksums_are_computed_before_a_packet_leaves(lab: LabView) -> None:
    """Offloaded, the far side of a veth would see partial checksums of the kernel's TCP."""
    with open_capture("victim") as seen:
        assert tcp_open("cust1", isp.CUST1.v4, isp.VICTIM.v4, 80)
        captured = [seen.recv(65535) for _ in range(3)]
    segments = [IP(packet) for packet in captured if packet[0] >> 4 == 4 and TCP in IP(packet)]
    assert segments
    for segment in segments:
        carried = segment[TCP].chksum
        del segment[TCP].chksum
        assert IP(bytes(segment))[TCP].chksum == carried


def test_a_capture_that_drops_gives_no_verdict(lab: LabView) -> None:
    mark = new_run()
    capture = Capture("victim", mark, buffer=4096)
    inject("cust1", [udp(isp.CUST1.v4, isp.VICTIM.v4, 9)] * 500, mark)
    with capture:
        pass
    with pytest.raises(NoVerdict, match="lost"):
        capture.complete()


def cut_by_hand(lab: LabView, verdict: str) -> tuple[Window, Window, Flow]:
    """Adds a rule for UDP port 9 to edge1 under two flows.

    Returns the flow of port 9 before the rule and after it, and all of the other flow.
    """
    lab.nft("edge1", TABLE, CHAIN)
    to9, to10 = (udp(isp.CUST1.v4, isp.VICTIM.v4, port) for port in (9, 10))
    with Stream("cust1", "victim", to9) as cut, Stream("cust1", "victim", to10) as other:
        before = cut.run_for(0.5)
        lab.nft("edge1", f"{RULE} udp dport 9 {verdict}")
        after = cut.run_for(0.5)
    return cut.flow().window(*before), cut.flow().window(*after), other.flow()


def test_a_drop_rule_cuts_its_flow_and_no_other(bare_routers: LabView) -> None:
    before, after, other = cut_by_hand(bare_routers, "drop")
    assert before.verdict is Verdict.PASSED
    assert after.verdict is Verdict.BLOCKED
    assert other.window().verdict is Verdict.PASSED


def test_negative_control_an_accept_rule_is_not_taken_for_a_drop(bare_routers: LabView) -> None:
    _, after, _ = cut_by_hand(bare_routers, "accept")
    with pytest.raises(AssertionError):
        assert after.verdict is Verdict.BLOCKED
    assert after.verdict is Verdict.PASSED


def test_effect_and_restoration_are_timed_by_sending(bare_routers: LabView) -> None:
    bare_routers.nft("edge1", TABLE, CHAIN)
    probe = icmp(isp.VICTIM.v6, isp.CUST1.v6)
    with Stream("victim", "cust1", probe) as stream:
        stream.await_last(arrives=True)
        ordered = time.monotonic()
        bare_routers.nft("edge1", f"{RULE} ip6 daddr {isp.CUST1.v6} drop")
        lifted = stream.await_last(arrives=False)
        bare_routers.nft("edge1", "flush chain inet by_hand cut")
        stream.await_last(arrives=True)
    flow = stream.flow()
    effect = flow.blocked_after(ordered, until=lifted)
    assert effect is not None
    assert effect <= lifted - ordered
    assert flow.passes_after(lifted) is not None
    assert flow.blocked_after(ordered) is None


def test_an_established_connection_is_cut_and_resumes(bare_routers: LabView) -> None:
    bare_routers.nft("edge1", TABLE, CHAIN)
    with (
        Established("cust1", isp.CUST1.v4, isp.VICTIM.v4) as cut,
        Established("cust1", isp.CUST1.v6, isp.VICTIM.v6) as other,
    ):
        assert cut.flows()
        bare_routers.nft("edge1", f"{RULE} ip saddr {isp.CUST1.v4} tcp dport 7 drop")
        assert not cut.flows()
        assert other.flows()
        bare_routers.nft("edge1", "flush ruleset")
        assert cut.flows(timeout=10)


def test_neighbours_are_found_again(lab: LabView) -> None:
    lab.run("edge1", "ip", "neigh", "flush", "all")
    lab.run("edge1", "ip", "-6", "neigh", "flush", "all")
    assert ping("edge1", isp.CUST2.v4)
    assert ping("edge1", isp.CUST2.v6)


@pytest.mark.parametrize("router", ROUTERS)
def test_a_reboot_empties_the_router_and_brings_the_path_back(
    bare_routers: LabView, router: str
) -> None:
    bare_routers.nft(router, TABLE, CHAIN, f"{RULE} ip daddr {isp.VICTIM.v4} drop")
    assert not ping("cust1", isp.VICTIM.v4)
    old_namespace = bare_routers.netns(router).stat().st_ino
    old_pid = bare_routers.pid(router)
    assert bare_routers.reboot(router) == bare_routers.pid(router) != old_pid
    assert bare_routers.netns(router).stat().st_ino != old_namespace
    assert bare_routers.nft(router, "list ruleset") == ""
    paths = product(("cust1", "cust2"), (isp.VICTIM.v4, isp.VICTIM.v6))
    for source, address in paths:
        back = partial(ping, source, address)
        assert wait_until(back, f"{source} reaches {address}", timeout=20) >= 0


def test_a_host_reboots_too(lab: LabView) -> None:
    lab.reboot("victim")
    assert wait_until(lambda: tcp_open("cust1", "", isp.VICTIM.v4, 7), "echo is back") >= 0


def test_an_unknown_node_is_named(lab: LabView) -> None:
    with pytest.raises(LabError, match="no node 'edge9'"):
        lab.reboot("edge9")
    with pytest.raises(NotInLab, match="edge1"):
        lab.run("edge9", "true")


def test_the_lab_is_sealed(lab: LabView) -> None:
    """No interface of the private root or of a node leads out: all are the lab's own."""
    roots = [json.loads(run(["ip", "-j", "link"]).stdout)]
    roots += [json.loads(lab.run(node, "ip", "-j", "link").stdout) for node in lab.nodes()]
    names = {link["ifname"] for links in roots for link in links}
    exported = json.loads((lab.directory / "topology-data.json").read_text())
    ends = [end for link in exported["links"] for end in link["endpoints"].values()]
    own = {"lo", "br-clab-isp", "lan", "eth0"} | {end["interface"] for end in ends}
    assert {name for name in names if not name.startswith("mgmt")} == own
    assert run(["ip", "route", "show", "default"]).stdout == ""


def test_exports_are_those_of_containerlab(lab: LabView) -> None:
    exported = json.loads((lab.directory / "topology-data.json").read_text())
    assert exported["name"] == "isp"
    assert exported["nodes"]["edge1"]["longname"] == "clab-isp-edge1"
    assert exported["nodes"]["edge1"]["mgmt-ipv4-address"] == "172.20.20.21"
    ends = [link["endpoints"] for link in exported["links"]]
    assert {"node": "edge1", "interface": "eth3"}.items() <= ends[2]["a"].items()
    assert "edge1:" in (lab.directory / "nornir-simple-inventory.yml").read_text()


def test_management_addresses_answer_the_private_root(lab: LabView) -> None:
    assert run(["ping", "-c", "1", "-W", "1", "-q", "172.20.20.21"], check=False).returncode == 0


@pytest.mark.parametrize("router", ROUTERS)
def test_nothing_is_left_behind(bare_routers: LabView, router: str) -> None:
    assert bare_routers.nft(router, "list ruleset") == ""
    names = {handle.name for handle in Path("/run/netns").iterdir()}
    assert names == {f"clab-isp-{node}" for node in bare_routers.nodes()}
