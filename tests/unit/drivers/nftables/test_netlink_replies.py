# SPDX-License-Identifier: GPL-2.0-or-later
"""Verdicts, generations, set definitions and events, from hand-made messages."""

from __future__ import annotations

import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.nftables.netlink.attributes import Message, attribute, envelopes, text
from drivers.nftables.netlink.constants import (
    NFT_MSG_DELSETELEM,
    NFT_MSG_NEWGEN,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWSET,
    NFT_MSG_NEWSETELEM,
    NFTA_SET_ELEM_LIST_ELEMENTS,
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLM_F_DUMP_INTR,
    NLMSG_DONE,
    NLMSG_ERROR,
)
from drivers.nftables.netlink.encode import request
from drivers.nftables.netlink.errors import (
    AlreadyExists,
    KernelRefused,
    MalformedReply,
    MovingRuleset,
    NotThere,
    StaleGeneration,
    Unconfirmed,
)
from drivers.nftables.netlink.events import Event, read_events
from drivers.nftables.netlink.replies import (
    Generation,
    check_batch,
    finished,
    generation_reply,
    read_generation,
    set_facts,
)


def be32(kind: int, number: int) -> bytes:
    return attribute(kind, number.to_bytes(4, "big"))


def verdict(sequence: int, code: int, flags: int = 0, tail: bytes = b"") -> bytes:
    echoed = struct.pack("=IHHII", 36, 2572, 5, sequence, 0)
    return request(
        Message(NLMSG_ERROR, flags, (struct.pack("=i", -code) + echoed + tail,)), sequence
    )


def nft(kind: int, *parts: bytes, generation: int = 7, flags: int = 0, sequence: int = 1) -> bytes:
    head = bytes((1, 0)) + generation.to_bytes(2, "big")
    return request(Message(10 << 8 | kind, flags, (head + b"".join(parts),)), sequence)


def test_a_batch_is_confirmed_by_the_verdict_on_its_last_message() -> None:
    check_batch([verdict(3, 0)], begin=1, last=3)
    for silence in ([], [verdict(2, 0)], [verdict(9, 0)]):
        with pytest.raises(Unconfirmed):
            check_batch(silence, begin=1, last=3)


@pytest.mark.parametrize(
    "code, error",
    [
        (errno.ERESTART, StaleGeneration),
        (errno.EEXIST, AlreadyExists),
        (errno.ENOENT, NotThere),
        (errno.EPERM, KernelRefused),
    ],
)
def test_the_first_failure_is_the_verdict_though_the_last_message_passed(
    code: int, error: type[KernelRefused]
) -> None:
    replies = [verdict(5, errno.EINVAL), verdict(3, code) + verdict(6, 0)]
    with pytest.raises(KernelRefused) as refused:
        check_batch(replies, begin=1, last=6)
    assert type(refused.value) is error
    assert (refused.value.code, refused.value.index) == (code, 1)


def test_a_refused_begin_is_the_whole_batch() -> None:
    with pytest.raises(StaleGeneration) as refused:
        check_batch([verdict(1, errno.ERESTART)], begin=1, last=6)
    assert refused.value.index == -1


@pytest.mark.parametrize("flags, echo", [(NLM_F_CAPPED, b""), (0, bytes(20))])
def test_extended_acknowledgements(flags: int, echo: bytes) -> None:
    tlvs = attribute(2, struct.pack("=I", 40)) + attribute(1, b"not so\0")
    with pytest.raises(KernelRefused, match=r"\(not so\)") as refused:
        check_batch([verdict(2, errno.EINVAL, flags | NLM_F_ACK_TLVS, echo + tlvs)], 1, 2)
    assert refused.value.offset == 40


def test_the_end_of_a_dump() -> None:
    piece = nft(NFT_MSG_NEWSETELEM, sequence=4)
    done = request(Message(NLMSG_DONE, 0, (bytes(4),)), 4)
    assert finished(piece, 4) is None
    assert finished(done, 5) is None
    ended, refused = finished(piece + done, 4), finished(verdict(4, errno.ENOENT), 4)
    assert ended is not None
    assert refused is not None
    assert (ended.code, refused.code) == (0, errno.ENOENT)


def test_one_read_has_one_generation() -> None:
    assert read_generation([]) is None
    assert read_generation([nft(NFT_MSG_NEWSETELEM) * 2, nft(NFT_MSG_NEWSET)]) == 7
    with pytest.raises(MovingRuleset):
        read_generation([nft(NFT_MSG_NEWSETELEM), nft(NFT_MSG_NEWSETELEM, generation=8)])
    with pytest.raises(MovingRuleset):
        read_generation([nft(NFT_MSG_NEWSET, flags=NLM_F_DUMP_INTR)])


def test_generations() -> None:
    assert generation_reply(nft(NFT_MSG_NEWGEN, be32(1, 70_000))) == Generation(70_000)
    whole = nft(NFT_MSG_NEWGEN, be32(1, 9), be32(2, 4711), text(3, "nft"))
    assert generation_reply(whole) == Generation(9, 4711, "nft")
    for broken in (
        b"",
        nft(NFT_MSG_NEWSET),
        nft(NFT_MSG_NEWGEN),
        nft(NFT_MSG_NEWGEN, text(1, "x")),
    ):
        with pytest.raises(MalformedReply):
            generation_reply(broken)
    with pytest.raises(KernelRefused):
        generation_reply(verdict(1, errno.EPERM))


@pytest.mark.parametrize("count, attributes", [(12, be32(20, 12)), (None, b"")])
def test_a_set_tells_its_count_on_new_kernels(count: int | None, attributes: bytes) -> None:
    described = nft(NFT_MSG_NEWSET, text(2, "h4"), be32(3, 0x10), be32(5, 4), attributes)
    (found,) = set_facts([described])
    assert (found.name, found.flags, found.key_bytes, found.count) == ("h4", 0x10, 4, count)


def test_events_name_what_changed_and_who_did_it() -> None:
    elements = attribute(NFTA_SET_ELEM_LIST_ELEMENTS, b"", nested=True)
    gone = nft(NFT_MSG_DELSETELEM, text(1, "enforcer"), text(2, "h4"), elements)
    other = nft(NFT_MSG_DELSETELEM, text(1, "enforcer"), text(2, "h6"), elements)
    rule = nft(NFT_MSG_NEWRULE, text(1, "enforcer"), text(2, "forward"))
    made = nft(NFT_MSG_NEWGEN, be32(1, 9), be32(2, 4711), text(3, "nft"))
    strange = nft(200, text(1, "enforcer"))
    assert list(read_events(gone * 3 + other + rule + strange + made)) == [
        Event("delelem", 1, "enforcer", "h4", 0),
        Event("delelem", 1, "enforcer", "h6", 0),
        Event("newrule", 1, "enforcer", "forward", 0),
        Event("200", 1, "enforcer", "", 0),
        Event("newgen", 0, "", "", 0, Generation(9, 4711, "nft")),
    ]


@given(choose=st.data())
def test_mutated_replies_decode_or_fail_closed(choose: st.DataObject) -> None:
    raw = bytearray(
        nft(NFT_MSG_NEWSET, text(2, "h4"), be32(3, 0x10), be32(5, 4), be32(20, 12))
        + nft(NFT_MSG_NEWGEN, be32(1, 9), be32(2, 4711), text(3, "nft"))
        + nft(NFT_MSG_DELSETELEM, text(1, "enforcer"), text(2, "h4"), attribute(3, b""))
        + verdict(1, errno.EINVAL, NLM_F_ACK_TLVS, bytes(20) + attribute(1, b"no\0"))
    )
    for _ in range(choose.draw(st.integers(0, 4))):
        raw[choose.draw(st.integers(0, len(raw) - 1))] = choose.draw(st.integers(0, 255))
    buffer = bytes(raw[: choose.draw(st.integers(0, len(raw)))])
    for decode in (
        lambda: list(read_events(buffer)),
        lambda: set_facts([buffer]),
        lambda: generation_reply(buffer),
        lambda: read_generation([buffer]),
        lambda: finished(buffer, 1),
        lambda: check_batch([buffer], 0, 1),
    ):
        try:
            decode()
        except (MalformedReply, MovingRuleset, KernelRefused, Unconfirmed):
            continue


def test_messages_must_fill_their_buffer() -> None:
    with pytest.raises(MalformedReply, match="at byte 0"):
        list(envelopes(nft(NFT_MSG_NEWGEN)[:-1]))
