# SPDX-License-Identifier: GPL-2.0-or-later
"""The netlink layer against the kernel and against libnftables' own view of it."""

from __future__ import annotations

import os
import subprocess
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.nftables.netlink import encode
from drivers.nftables.netlink.columns import (
    Elements,
    NewElements,
    SetRef,
    interface_keys,
    interface_names,
)
from drivers.nftables.netlink.decode import read_elements
from drivers.nftables.netlink.errors import (
    AlreadyExists,
    EventsLost,
    KernelRefused,
    MalformedReply,
    MovingRuleset,
    NamespaceMissing,
    NotThere,
    StaleGeneration,
)
from drivers.nftables.netlink.replies import read_generation
from drivers.nftables.netlink.socket import EventSocket, NftSocket
from enforcer.core.rules import NO_END
from tests.integration.nft_kernel import DEFINITIONS, SETS, TICK, Nft, kernel_pid
from tests.unit.drivers.nftables.netlink_rows import Row, rows, to_columns, to_rows

pytestmark = pytest.mark.root


@pytest.fixture(scope="module")
def namespace(root: None) -> Iterator[str]:
    name = f"nl-{uuid.uuid4().hex[:10]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture(scope="module")
def context(namespace: str) -> Nft:
    return Nft(namespace)


@pytest.fixture
def nft(context: Nft) -> Nft:
    context.run("flush ruleset\n" + DEFINITIONS)
    return context


@pytest.fixture
def kernel(namespace: str) -> Iterator[NftSocket]:
    with NftSocket.open(namespace) as opened:
        yield opened


@pytest.fixture
def events(nft: Nft, namespace: str) -> Iterator[EventSocket]:
    with EventSocket.open(namespace) as opened:
        yield opened


REUSED = [HealthCheck.function_scoped_fixture]
CASES = [("h4", 32, False), ("h6", 128, False), ("r4", 32, False), ("r6", 128, False)]
CASES += [("c4", 32, True), ("d4", 32, True)]


@pytest.mark.parametrize("name, bits, counted", CASES)
@settings(suppress_health_check=REUSED)
@given(choose=st.data())
def test_libnftables_reads_what_we_write(
    nft: Nft, kernel: NftSocket, name: str, bits: int, counted: bool, choose: st.DataObject
) -> None:
    target = SETS[name]
    wanted = choose.draw(rows(bits, target.interval, counted, tick=1000))
    kernel.commit([encode.flush_elements(target)])
    if wanted:
        kernel.commit(encode.add_elements(target, to_columns(wanted, counted)))
    assert nft.elements(name) == wanted
    read = kernel.elements(target)
    assert sorted(to_rows(read)) == wanted
    timed = read.timeout != NO_END
    assert (read.remaining[timed] <= read.timeout[timed]).all()
    assert (read.remaining[~timed] == NO_END).all()


@pytest.mark.parametrize("name, bits, counted", CASES)
@settings(suppress_health_check=REUSED, max_examples=15)
@given(choose=st.data())
def test_we_read_what_libnftables_writes(
    nft: Nft, kernel: NftSocket, name: str, bits: int, counted: bool, choose: st.DataObject
) -> None:
    target = SETS[name]
    wanted = choose.draw(rows(bits, target.interval, counted, tick=1000))
    kernel.commit([encode.flush_elements(target)])
    if wanted:
        (nft.add_counted if counted else nft.add)(name, wanted, bits)
    assert sorted(to_rows(kernel.elements(target))) == wanted


@pytest.mark.parametrize("name, bits, counted", CASES)
@settings(suppress_health_check=REUSED, max_examples=20)
@given(choose=st.data())
def test_replacing_some_leaves_the_rest(
    nft: Nft, kernel: NftSocket, name: str, bits: int, counted: bool, choose: st.DataObject
) -> None:
    """Delete and add in one transaction: the only way that replaces comment and timeout."""
    target = SETS[name]
    before = choose.draw(rows(bits, target.interval, counted, tick=TICK))
    chosen = [row for row in before if choose.draw(st.booleans())]
    if not chosen:
        return
    changed = [Row(r.first, r.last, 7_200_000, "ZZZZ-9", r.packets, r.octets) for r in chosen]
    kernel.commit([encode.flush_elements(target)])
    kernel.commit(encode.add_elements(target, to_columns(before, counted)))
    kernel.commit(
        [
            *encode.delete_elements(target, to_columns(chosen)),
            *encode.add_elements(target, to_columns(changed, counted)),
        ],
        kernel.generation().number,
    )
    rest = [row for row in before if row not in chosen]
    assert sorted(to_rows(kernel.elements(target))) == sorted(rest + changed)


def test_interface_names(nft: Nft, kernel: NftSocket) -> None:
    names = ["eth0", "ge-0.100", "abcdefghijklmno"]
    keys = interface_keys(names)
    wanted = NewElements(keys, keys, comment=np.array([b"AAAA-1"] * 3))
    kernel.commit(encode.add_elements(SETS["ifs"], wanted))
    read = kernel.elements(SETS["ifs"])
    assert sorted(interface_names(read.first)) == sorted(names)
    assert read.comments == ("AAAA-1",)


def test_a_stale_generation_writes_nothing(nft: Nft, kernel: NftSocket) -> None:
    seen = kernel.generation().number
    nft.run("add table ip foreign; delete table ip foreign")
    with pytest.raises(StaleGeneration) as refused:
        kernel.commit(encode.add_elements(SETS["h4"], to_columns([Row(1, 1)])), seen)
    assert refused.value.index == -1
    assert len(kernel.elements(SETS["h4"])) == 0
    kernel.commit(
        encode.add_elements(SETS["h4"], to_columns([Row(1, 1)])), kernel.generation().number
    )
    assert len(kernel.elements(SETS["h4"])) == 1


@pytest.mark.parametrize("name", ["h4", "r4"])
def test_an_existing_element_undoes_the_batch(nft: Nft, kernel: NftSocket, name: str) -> None:
    target = SETS[name]
    kernel.commit(encode.add_elements(target, to_columns([Row(5, 5)])))
    with pytest.raises(AlreadyExists) as refused:
        kernel.commit(
            [
                *encode.add_elements(target, to_columns([Row(1, 1)])),
                *encode.add_elements(target, to_columns([Row(5, 5)])),
                *encode.add_elements(target, to_columns([Row(9, 9)])),
            ]
        )
    assert refused.value.index == 1
    assert to_rows(kernel.elements(target)) == [Row(5, 5)]


@pytest.mark.parametrize("name", ["h4", "r4"])
def test_a_missing_element_undoes_the_batch(nft: Nft, kernel: NftSocket, name: str) -> None:
    target = SETS[name]
    with pytest.raises(NotThere) as refused:
        kernel.commit(
            [
                *encode.add_elements(target, to_columns([Row(1, 1)])),
                *encode.delete_elements(target, to_columns([Row(5, 5)])),
            ]
        )
    assert refused.value.index == 1
    assert len(kernel.elements(target)) == 0


def test_an_overlapping_range_is_refused(nft: Nft, kernel: NftSocket) -> None:
    kernel.commit(encode.add_elements(SETS["r4"], to_columns([Row(10, 20)])))
    with pytest.raises(KernelRefused):
        kernel.commit(encode.add_elements(SETS["r4"], to_columns([Row(15, 25)])))
    assert to_rows(kernel.elements(SETS["r4"])) == [Row(10, 20)]


def test_what_is_not_there(nft: Nft, kernel: NftSocket, namespace: str) -> None:
    for missing in (SetRef("t", "nope", 4), SetRef("nope", "h4", 4)):
        with pytest.raises(NotThere):
            kernel.elements(missing)
        with pytest.raises(NotThere):
            kernel.set_facts(missing.table, missing.name)
    assert kernel.sets("nope") == ()
    with pytest.raises(NamespaceMissing):
        NftSocket.open(f"{namespace}-not")
    kernel.commit(encode.add_elements(SETS["h4"], to_columns([Row(1, 1)])))
    assert len(kernel.elements(SETS["h4"])) == 1


def test_the_conversation_stays_in_its_namespace(nft: Nft, kernel: NftSocket) -> None:
    here = Path("/proc/self/ns/net").readlink()
    assert kernel.sets("t") != ()
    assert Path("/proc/thread-self/ns/net").readlink() == here
    with NftSocket.open(f"/proc/{os.getpid()}/ns/net") as ours:
        assert ours.sets("t") == ()


def test_set_definitions_and_counts(nft: Nft, kernel: NftSocket) -> None:
    kernel.commit(encode.add_elements(SETS["h4"], to_columns([Row(n, n) for n in range(7)])))
    facts = {found.name: found for found in kernel.sets("t")}
    assert facts.keys() == SETS.keys()
    assert all(facts[name].key_bytes == SETS[name].key_bytes for name in SETS)
    assert facts["h4"] == kernel.set_facts("t", "h4")
    assert facts["h4"].count in (7, None)


def test_events_name_the_change_and_its_author(
    nft: Nft, kernel: NftSocket, events: EventSocket, namespace: str
) -> None:
    ours = encode.add_elements(SETS["h4"], to_columns([Row(n, n) for n in range(300)]))
    kernel.commit(ours)
    seen = events.read(5)
    assert [(e.kind, e.table, e.name, e.port) for e in seen] == [
        ("newelem", "t", "h4", kernel.port),
        ("newgen", "", "", kernel.port),
    ]
    generation = seen[-1].generation
    assert generation is not None
    assert generation.number == kernel.generation().number
    assert generation.pid == kernel_pid(os.getpid(), str(generation.pid))
    foreign = ["ip", "netns", "exec", namespace, "nft", "delete element inet t h4 { 0.0.0.7 }"]
    with subprocess.Popen(foreign) as author:
        assert author.wait() == 0
    seen = events.read(5)
    assert [(e.kind, e.name) for e in seen] == [("delelem", "h4"), ("newgen", "")]
    assert seen[0].port != kernel.port
    generation = seen[-1].generation
    assert generation is not None
    assert generation.command == "nft"
    assert generation.pid == kernel_pid(author.pid, str(generation.pid))


def test_events_of_structure(nft: Nft, events: EventSocket) -> None:
    nft.run(
        "add chain inet t c; add rule inet t c drop; delete chain inet t c; delete set inet t h6"
    )
    nft.run("delete table inet t")
    kinds = {(e.kind, e.name) for e in events.read(5)}
    assert {("newchain", "c"), ("newrule", "c"), ("delchain", "c"), ("delset", "h6")} <= kinds
    assert ("deltable", "") in kinds


def test_detached_nothing_arrives(nft: Nft, events: EventSocket) -> None:
    events.detach()
    nft.run("add chain inet t c")
    assert events.read(0) == []
    events.attach()
    nft.run("delete chain inet t c")
    assert [e.kind for e in events.read(5)] == ["delchain", "newgen"]


def test_an_overflow_is_told(nft: Nft, kernel: NftSocket, namespace: str) -> None:
    with EventSocket.open(namespace, buffer_bytes=4_096) as narrow:
        for n in range(0, 600, 2):
            kernel.commit(encode.add_elements(SETS["h4"], to_columns([Row(n, n)])))
        with pytest.raises(EventsLost):
            narrow.read(5)
        narrow.read(0)
        kernel.commit(encode.add_elements(SETS["h4"], to_columns([Row(1, 1)])))
        assert [e.kind for e in narrow.read(5)] == ["newelem", "newgen"]


def test_waiting_can_be_stopped_from_another_thread(events: EventSocket) -> None:
    stopper = threading.Timer(0.1, events.stop)
    stopper.start()
    assert events.read(60) == []
    stopper.join()


@settings(suppress_health_check=REUSED)
@given(choose=st.data())
def test_mutated_dumps_decode_or_fail_closed(
    nft: Nft, kernel: NftSocket, choose: st.DataObject
) -> None:
    target = SETS["d4"]
    if len(kernel.elements(target)) == 0:
        many = [
            Row(4 * n, 4 * n + n % 3, None if n % 4 else 60_000, "AB"[n % 2]) for n in range(99)
        ]
        kernel.commit(encode.add_elements(target, to_columns(many, counted=True)))
    (dump,), _ = kernel.dump([target])
    raw = bytearray(dump)
    for _ in range(choose.draw(st.integers(1, 6))):
        raw[choose.draw(st.integers(0, len(raw) - 1))] ^= choose.draw(st.integers(1, 255))
    try:
        (read,) = read_elements([bytes(raw)], 4, True)
    except MalformedReply:
        return
    assert len(read) <= 2 * 99


def test_a_dump_that_a_write_interrupts_is_read_again(nft: Nft, kernel: NftSocket) -> None:
    kernel.commit(encode.add_elements(SETS["h4"], to_columns([Row(1, 1)])))
    kernel.commit(encode.add_elements(SETS["c4"], to_columns([Row(1, 1)])))
    (before,), _ = kernel.dump([SETS["h4"]])
    nft.run("add table ip foreign")
    (after,), _ = kernel.dump([SETS["c4"]])
    with pytest.raises(MovingRuleset):
        read_generation([before, after])


@pytest.mark.parametrize("interval", [False, True])
def test_a_million_elements(nft: Nft, kernel: NftSocket, interval: bool) -> None:
    shards = 64
    each = 1_000_000 // shards
    kind = "interval, timeout" if interval else "timeout"
    nft.run(
        "".join(f"add set inet t m{i} {{ type ipv4_addr; flags {kind}; }}\n" for i in range(shards))
    )
    targets = [SetRef("t", f"m{i}", 4, interval) for i in range(shards)]
    low = np.arange(shards * each, dtype=np.uint64) * np.uint64(4_096)
    first = np.stack((np.zeros_like(low), low), axis=1)
    last = first + np.array((0, 255 if interval else 0), np.uint64)
    timeout = np.where(low % np.uint64(3) == 0, NO_END, 3_600_000)
    comment = np.array([b"AAAA-1", b"ABCDEFGH-2"])[np.arange(len(low)) % 2]
    cuts = [slice(i * each, (i + 1) * each) for i in range(shards)]
    kernel.commit(
        message
        for target, cut in zip(targets, cuts, strict=True)
        for message in encode.add_elements(
            target, NewElements(first[cut], last[cut], timeout[cut], comment[cut])
        )
    )
    for cut, read in zip(cuts, read_settled(kernel, targets), strict=True):
        order = np.argsort(read.first[:, 1])
        assert np.array_equal(read.first[order], first[cut])
        assert np.array_equal(read.last[order], last[cut])
        assert np.array_equal(read.timeout[order], timeout[cut])
        texts = np.array([c.encode() for c in read.comments])[read.comment]
        assert np.array_equal(texts[order], comment[cut])


def read_settled(kernel: NftSocket, targets: list[SetRef]) -> list[Elements]:
    """Read until no hash table is being rebuilt."""
    for _ in range(50):
        parts, _ = kernel.dump(targets)
        try:
            return read_elements(parts, targets[0].key_bytes, targets[0].interval)
        except MovingRuleset:
            threading.Event().wait(0.1)
    pytest.fail("the kernel never stopped rebuilding its hashes")
