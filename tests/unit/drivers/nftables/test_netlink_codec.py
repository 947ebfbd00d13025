# SPDX-License-Identifier: GPL-2.0-or-later
"""The element codec against itself: what is encoded for the kernel decodes to the same rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.netlink import encode
from drivers.nftables.netlink.attributes import Message, attribute, envelopes, fields, text
from drivers.nftables.netlink.columns import (
    MAX_COMMENT,
    MAX_TIMEOUT,
    NewElements,
    SetRef,
    interface_keys,
    interface_names,
)
from drivers.nftables.netlink.constants import (
    NFT_MSG_NEWSETELEM,
    NFTA_DATA_VALUE,
    NFTA_LIST_ELEM,
    NFTA_SET_ELEM_FLAGS,
    NFTA_SET_ELEM_KEY,
    NFTA_SET_ELEM_KEY_END,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NFTA_SET_ELEM_PAD,
    NFTA_SET_ELEM_TIMEOUT,
    NFTA_SET_ELEM_USERDATA,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_EXCL,
)
from drivers.nftables.netlink.decode import read_elements
from drivers.nftables.netlink.errors import MalformedReply, MovingRuleset
from drivers.nftables.netlink.rows import MAX_LIST_BYTES
from enforcer.core.rules import NO_END
from tests.unit.drivers.nftables.netlink_rows import Row, columns, rows, to_columns, to_rows

HOSTS4 = SetRef("enforcer", "h4", 4)
RANGES4 = SetRef("enforcer", "r4", 4, interval=True)
NEW = 10 << 8 | NFT_MSG_NEWSETELEM


def wire(target: SetRef, elements: NewElements) -> bytes:
    """The messages as a dump would hold them."""
    sent = encode.add_elements(target, elements)
    return b"".join(encode.request(message, 1) for message in sent)


def reply(elements: bytes) -> bytes:
    """One dump message around hand-made elements."""
    body = bytes((1, 0, 0, 7)) + text(1, "enforcer") + text(2, "h4")
    body += attribute(NFTA_SET_ELEM_LIST_ELEMENTS, elements, nested=True)
    return encode.request(Message(NEW, 0, (body,)), 1)


def element(*parts: bytes) -> bytes:
    return attribute(NFTA_LIST_ELEM, b"".join(parts), nested=True)


def key(address: int, kind: int = NFTA_SET_ELEM_KEY) -> bytes:
    return attribute(kind, attribute(NFTA_DATA_VALUE, address.to_bytes(4, "big")), nested=True)


def be32(kind: int, number: int) -> bytes:
    return attribute(kind, number.to_bytes(4, "big"))


@pytest.mark.parametrize("bits", [32, 128])
@pytest.mark.parametrize("interval", [False, True])
@pytest.mark.parametrize("counted", [False, True])
@given(choose=st.data())
def test_round_trip(bits: int, interval: bool, counted: bool, choose: st.DataObject) -> None:
    wanted = choose.draw(rows(bits, interval, counted))
    target = SetRef("enforcer", "s", bits // 8, interval)
    read = read_elements([wire(target, to_columns(wanted, counted))], bits // 8, interval)
    assert [to_rows(e) for e in read] == [wanted]


@given(parts=st.lists(rows(32, ranges=True, counted=False), max_size=100))
def test_many_dumps_together_equal_each_alone(parts: list[list[Row]]) -> None:
    dumps = [wire(RANGES4, to_columns(part)) for part in parts]
    together = [to_rows(e) for e in read_elements(dumps, 4, True)]
    assert together == parts
    assert together == [to_rows(read_elements([d], 4, True)[0]) for d in dumps]


def test_both_ways_of_finding_elements_agree() -> None:
    few = to_columns([Row(n, n, 60_000 + n if n % 3 else None, "A" * (n % 9)) for n in range(50)])
    dumps = [wire(HOSTS4, few)] * 200
    assert all(
        to_rows(e) == to_rows(read_elements(dumps[:1], 4, False)[0])
        for e in read_elements(dumps, 4, False)
    )


@pytest.mark.parametrize("target", [HOSTS4, RANGES4])
def test_messages_stay_within_the_length_of_an_attribute(target: SetRef) -> None:
    many = [Row(2 * n, 2 * n, None if n % 5 else 60_000, "A" * (n % 11)) for n in range(80_000)]
    sent = list(encode.add_elements(target, to_columns(many)))
    assert all(len(m.parts[-1]) <= MAX_LIST_BYTES for m in sent)
    assert min(len(m.parts[-1]) for m in sent[:4]) > MAX_LIST_BYTES // 2
    read = read_elements([wire(target, to_columns(many))], 4, target.interval)[0]
    assert to_rows(read) == many


def test_a_batch_asks_for_one_acknowledgement_and_guards_the_generation() -> None:
    sent = list(encode.add_elements(HOSTS4, to_columns([Row(n, n) for n in range(5_000)])))
    buffer, last = encode.batch(sent, 100, generation=0x01020304)
    seen = list(envelopes(buffer))
    assert [e.sequence for e in seen] == list(range(100, last + 2))
    assert [e.sequence for e in seen if e.flags & NLM_F_ACK] == [last]
    assert b"\x01\x02\x03\x04" in buffer[seen[0].start : seen[0].stop]
    assert [e.kind for e in (seen[0], seen[-1])] == [0x10, 0x11]
    assert all(e.flags & NLM_F_CREATE and e.flags & NLM_F_EXCL for e in seen[1:-1])


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a message"):
        encode.batch([], 1)


def test_deleting_names_keys_alone() -> None:
    gone = to_columns([Row(10, 20, 60_000, "ABCD-E")])
    (message,) = encode.delete_elements(RANGES4, gone)
    found = read_elements([encode.request(Message(NEW, 0, message.parts), 1)], 4, True)
    assert to_rows(found[0]) == [Row(10, 20)]


@pytest.mark.parametrize("asked, written", [(-5, 1), (0, 1), (1, 1), (2**62, MAX_TIMEOUT)])
def test_timeouts_are_clamped(asked: int, written: int) -> None:
    read = read_elements([wire(HOSTS4, to_columns([Row(1, 1, asked)]))], 4, False)[0]
    assert read.timeout.tolist() == [written]


def test_an_overlong_comment_is_refused() -> None:
    one = columns([1])
    comment = np.array([b"A" * (MAX_COMMENT + 1)])
    with pytest.raises(ValueError, match="128 bytes"):
        wire(HOSTS4, NewElements(one, one, comment=comment))


def test_equal_comments_are_kept_once() -> None:
    read = read_elements(
        [
            wire(
                HOSTS4, to_columns([Row(n, n, None, ("AAAA-1", "BBBB-2")[n % 2]) for n in range(9)])
            )
        ],
        4,
        False,
    )[0]
    assert sorted(read.comments) == ["AAAA-1", "BBBB-2"]
    assert [read.comments[i] for i in read.comment] == ["AAAA-1", "BBBB-2"] * 4 + ["AAAA-1"]


@pytest.mark.parametrize(
    "userdata, shown",
    [
        (b"\x00\x07ABCD-E\x00", "ABCD-E"),
        (b"\x00\x08ABCD-E\x00\x00", "ABCD-E"),
        (b"\x00\x07ABCD-E\x00\x01\x04\x01\x00\x00\x00", "ABCD-E"),
        (b"\x01\x04\x01\x00\x00\x00", ""),
        (b"\x02\x07ABCD-E\x00", "?0207414243442d4500"),
        (b"\x00\x07ABCD-EF", "?0007414243442d4546"),
        (b"\x00\x05ABCD-E\x00", "?0005414243442d4500"),
        (b"\x00\x09ABCD-E\x00", "?0009414243442d4500"),
        (b"\x00\x07ABCD-E\x00\x00", "?0007414243442d450000"),
        (b"\x00\x04\xff\xfe\x41\x00", r"\xff\xfeA"),
        (b"\x00\x01\x00", ""),
        (b"", ""),
    ],
)
def test_foreign_user_data_is_shown_not_trusted(userdata: bytes, shown: str) -> None:
    dump = reply(element(key(1), attribute(NFTA_SET_ELEM_USERDATA, userdata)))
    (read,) = read_elements([dump], 4, False)
    assert [read.comments[i] for i in read.comment] == [shown]


def test_a_catch_all_is_reported_and_is_no_row() -> None:
    dump = reply(element(key(1)) + element(be32(NFTA_SET_ELEM_FLAGS, 2)))
    with_it, without = read_elements([dump, reply(element(key(1)))], 4, False)
    assert (with_it.catch_all, len(with_it)) == (True, 1)
    assert (without.catch_all, len(without)) == (False, 1)


def test_never_in_a_set_with_a_default_timeout() -> None:
    never = attribute(NFTA_SET_ELEM_TIMEOUT, bytes(8))
    (read,) = read_elements([reply(element(key(1), never))], 4, False)
    assert read.timeout.tolist() == [NO_END]


def test_padding_attributes_are_passed_over() -> None:
    pad = attribute(NFTA_SET_ELEM_PAD, b"")
    (read,) = read_elements([reply(element(key(7), pad))], 4, False)
    assert to_rows(read) == [Row(7, 7)]


END = be32(NFTA_SET_ELEM_FLAGS, 1)


@pytest.mark.parametrize(
    "halves, ranges",
    [
        ([element(key(9), END)], []),
        ([element(key(0), END), element(key(5)), element(key(9), END)], [(5, 8)]),
        ([element(key(5)), element(key(9)), element(key(12), END)], [(5, 8), (9, 11)]),
        ([element(key(5))], [(5, 2**32 - 1)]),
        ([element(key(9), END), element(key(9)), element(key(5))], [(5, 8), (9, 2**32 - 1)]),
        ([element(key(5), key(6, NFTA_SET_ELEM_KEY_END)), element(key(9), END)], [(5, 6)]),
    ],
)
def test_halves_of_intervals(halves: list[bytes], ranges: list[tuple[int, int]]) -> None:
    (read,) = read_elements([reply(b"".join(halves))], 4, True)
    assert [(row.first, row.last) for row in to_rows(read)] == ranges


@pytest.mark.parametrize(
    "elements, complaint",
    [
        (element(), "no key"),
        (element(key(1), be32(NFTA_SET_ELEM_FLAGS, 2)), "catch-all with a key"),
        (element(key(1), be32(NFTA_SET_ELEM_FLAGS, 4)), "flags 0x4"),
        (element(key(1), key(2)), "twice"),
        (element(key(1), attribute(2, b"\0\0\0\0")), "attribute 2"),
        (element(key(1), attribute(99, b"")), "attribute 99"),
        (element(key(1), attribute(NFTA_SET_ELEM_TIMEOUT, bytes(4))), "of 4 bytes"),
        (element(attribute(NFTA_SET_ELEM_KEY, attribute(NFTA_DATA_VALUE, bytes(16)))), "16 bytes"),
        (attribute(2, key(1), nested=True), "no whole element"),
        (element(key(1), END), "end of an interval"),
        (element(key(1), attribute(7, text(1, "limit") + attribute(2, b""))), "limit"),
        (element(key(1), attribute(7, text(1, "counter"))), "without name or state"),
    ],
)
def test_what_we_never_write_does_not_decode(elements: bytes, complaint: str) -> None:
    with pytest.raises(MalformedReply, match=complaint):
        read_elements([reply(elements)], 4, False)


def test_two_ranges_that_begin_together_do_not_decode() -> None:
    with pytest.raises(MalformedReply, match="begin at the same address"):
        read_elements([reply(element(key(1)) + element(key(1)))], 4, True)


def test_a_hash_that_repeats_a_key_is_read_again() -> None:
    once, twice = reply(element(key(1))), reply(element(key(1)) + element(key(1)))
    assert len(read_elements([once, once], 4, False)) == 2
    with pytest.raises(MovingRuleset, match="rebuilt"):
        read_elements([once, twice], 4, False)


@given(choose=st.data())
def test_mutated_bytes_decode_or_fail_closed(choose: st.DataObject) -> None:
    wanted = choose.draw(rows(32, ranges=True, counted=True))
    raw = bytearray(wire(RANGES4, to_columns(wanted, counted=True)))
    for _ in range(choose.draw(st.integers(1, 4)) if raw else 0):
        raw[choose.draw(st.integers(0, len(raw) - 1))] = choose.draw(st.integers(0, 255))
    cut = choose.draw(st.integers(0, len(raw))) if choose.draw(st.booleans()) else len(raw)
    for interval in (True, False):
        try:
            (read,) = read_elements([bytes(raw[:cut])], 4, interval)
        except (MalformedReply, MovingRuleset):
            continue
        assert len(to_rows(read)) <= 2 * len(wanted)


@given(st.binary(max_size=200))
def test_noise_decodes_or_fails_closed(noise: bytes) -> None:
    try:
        for envelope in envelopes(noise):
            fields(noise, envelope)
        read_elements([noise], 4, True)
    except MalformedReply:
        return


@given(st.lists(st.text("abcdef0123456789.-_@é", min_size=1, max_size=7), unique=True))
def test_interface_names_round_trip(names: list[str]) -> None:
    assert interface_names(interface_keys(names)) == names


@pytest.mark.parametrize("name", ["", "a" * 16, "a\0b"])
def test_names_that_no_interface_has(name: str) -> None:
    with pytest.raises(ValueError, match="no interface name"):
        interface_keys([name])
