# SPDX-License-Identifier: GPL-2.0-or-later
"""Sockets to nf_tables: one for questions and transactions, one for events.

The kernel works on a request inside sendmsg(2) (``nfnetlink_rcv``): when it returns, every
verdict is in the receive buffer already, so that nothing here waits on a timer.
"""

from __future__ import annotations

import errno
import select
import socket
import struct
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Self

import numpy as np
from numpy.typing import NDArray

from drivers.nftables.netlink import answers as told
from drivers.nftables.netlink import encode
from drivers.nftables.netlink.attributes import Message
from drivers.nftables.netlink.columns import (
    Counters,
    Elements,
    NewElements,
    SetFacts,
    SetRef,
)
from drivers.nftables.netlink.constants import (
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_CAP_ACK,
    NETLINK_DROP_MEMBERSHIP,
    NETLINK_EXT_ACK,
    NETLINK_NETFILTER,
    NFNLGRP_NFTABLES,
    NFPROTO_INET,
    NLM_F_DUMP,
    SO_RCVBUFFORCE,
    SO_SNDBUFFORCE,
    SOL_NETLINK,
)
from drivers.nftables.netlink.decode import (
    Halves,
    answered_hosts,
    read_answers,
    read_elements,
)
from drivers.nftables.netlink.errors import (
    EventsLost,
    MalformedReply,
    NotThere,
    Unconfirmed,
    refusal,
)
from drivers.nftables.netlink.events import Event, read_events
from drivers.nftables.netlink.netns import inside
from drivers.nftables.netlink.replies import (
    Generation,
    check_batch,
    finished,
    generation_reply,
    raise_refusal,
    read_generation,
    set_facts,
)
from drivers.nftables.netlink.rows import at_top
from enforcer.core.addresses import Indices, equal, successor, to_integers
from enforcer.core.rules import Addresses

_RECEIVE = 1 << 18
"""More than the kernel puts into one datagram (32 KiB in a dump)."""
_BUFFER_LIMIT = 1 << 26
_ANSWER_SECONDS = 10
_KEYS_AT_ONCE = 1000
"""The answers, a datagram each, must fit into the receive buffer together."""
_LAST_SEQUENCE = 0x3FFFFFFF


def _open(receive_bytes: int = _BUFFER_LIMIT) -> socket.socket:
    opened = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER)
    opened.bind((0, 0))
    opened.setsockopt(SOL_NETLINK, NETLINK_CAP_ACK, 1)
    opened.setsockopt(SOL_NETLINK, NETLINK_EXT_ACK, 1)
    opened.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, receive_bytes)
    opened.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, _BUFFER_LIMIT)
    wait = struct.pack("@ll", _ANSWER_SECONDS, 0)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, wait)
    return opened


class _Receiver:
    """Datagrams from the kernel, whole."""

    def __init__(self, source: socket.socket) -> None:
        self._source = source
        self._room = bytearray(_RECEIVE)

    def datagram(self, flags: int = 0) -> bytes:
        while True:
            size, (port, _) = self._source.recvfrom_into(
                self._room, _RECEIVE, flags | socket.MSG_TRUNC
            )
            if size > _RECEIVE:
                raise MalformedReply(f"a datagram of {size} bytes, which nf_tables never sends")
            if port == 0:
                return bytes(memoryview(self._room)[:size])

    def queued(self) -> Iterator[bytes]:
        """All that has arrived; ends when nothing is left."""
        while True:
            try:
                yield self.datagram(socket.MSG_DONTWAIT)
            except BlockingIOError:
                return


class NftSocket:
    """One conversation with nf_tables in one network namespace; for one thread.

    After an error that is not a `KernelRefused` the conversation is over: close it.
    """

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._receiver = _Receiver(opened)
        self._sequence = 0
        self._room = _BUFFER_LIMIT

    @classmethod
    def open(cls, namespace: str | None = None) -> Self:
        """Open in a namespace (name, process id or path; None: ours). Raises like `inside`."""
        return cls(inside(namespace, _open))

    @property
    def port(self) -> int:
        """This socket's netlink port: events that we caused carry it."""
        return int(self._socket.getsockname()[0])

    def close(self) -> None:
        """End the conversation."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def commit(self, messages: Iterable[Message], generation: int | None = None) -> None:
        """Apply `messages` as one transaction.

        Raises KernelRefused (StaleGeneration, AlreadyExists, NotThere): nothing of it stands;
        Unconfirmed: unknown, read back.
        """
        begin = self._next()
        buffer, last = encode.batch(messages, begin, generation)
        self._sequence = last + 1
        self._send(buffer)
        try:
            replies = list(self._receiver.queued())
        except OSError as failed:
            raise Unconfirmed(
                f"the verdict on a batch was lost ({failed.strerror}); read back what stands"
            ) from failed
        check_batch(replies, begin, last)

    def generation(self) -> Generation:
        """The ruleset's generation now (of the whole namespace, foreign tables included)."""
        return generation_reply(b"".join(self._ask(encode.get_generation())))

    def set_facts(self, table: str, name: str, family: int = NFPROTO_INET) -> SetFacts:
        """One set's definition and count. Raises NotThere."""
        found = set_facts(self._ask(encode.get_set(table, name, family)))
        if len(found) != 1:
            raise MalformedReply(f"the kernel described {len(found)} sets when asked for one")
        return found[0]

    def sets(self, table: str, family: int = NFPROTO_INET) -> tuple[SetFacts, ...]:
        """All sets of a table; none when there is no such table. Raises MovingRuleset."""
        try:
            replies = self._dump(encode.get_sets(table, family))
        except NotThere:
            return ()
        read_generation(replies)
        return set_facts(replies)

    def replies(self, question: Message) -> list[bytes]:
        """All that the kernel says to one question, undecoded. Raises KernelRefused."""
        whole = question.flags & NLM_F_DUMP == NLM_F_DUMP
        return self._dump(question) if whole else self._ask(question)

    def dump(self, targets: Sequence[SetRef]) -> tuple[list[bytes], int | None]:
        """All elements of several sets, undecoded, and the low 16 bits of their generation.

        Raises MovingRuleset when the ruleset moved meanwhile, NotThere.
        """
        parts = [b"".join(self._dump(encode.dump_elements(t))) for t in targets]
        return parts, read_generation(parts)

    def elements(self, target: SetRef) -> Elements:
        """All elements of one set. Raises like `dump`, and MalformedReply."""
        parts, _ = self.dump([target])
        return read_elements(parts, target.key_bytes, target.interval)[0]

    def lookup(
        self, target: SetRef, keys: NewElements, likely: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.bool_], Elements]:
        """Which of `keys` a set without intervals holds, and those elements, in their order.

        `likely`: those that should be there, which is only about how long it takes.
        A set that is not there holds none. Raises KernelRefused, MovingRuleset, MalformedReply.
        """
        present, found = self._single(target, keys.first, likely=likely)
        if not np.array_equal(found.key, keys.first[present]):
            raise MalformedReply("the kernel answered a question about a key with another one")
        return present, answered_hosts(found)

    def lookup_ranges(
        self, target: SetRef, ranges: NewElements, likely: NDArray[np.bool_] | None = None
    ) -> tuple[NDArray[np.bool_], Elements] | None:
        """The same for a set of ranges, each of two addresses or more; None: only a dump tells.

        A range stands where its first address is a start, and what ends behind it ends after its
        last one: the kernel's answer about an address that is a start and an end is ambiguous,
        so that none is asked about.
        """
        if at_top(ranges.last, target.key_bytes).any():
            return None
        started, found = self._single(target, ranges.first, likely=likely)
        asked = np.flatnonzero(started)
        there = equal(found.key, ranges.first[asked])
        if (found.is_end | found.closed).any():
            return None
        rows = asked[there]
        after, all_of_them = successor(ranges.first[rows]), np.ones(len(rows), np.bool_)
        ended, ends = self._single(target, after, ends=True, likely=all_of_them)
        if not (ended.all() and ends.is_end.all()):
            return None
        same = equal(ends.key, successor(ranges.last[rows]))
        present = np.zeros(len(ranges), np.bool_)
        present[rows[same]] = True
        first, last = ranges.first[present], ranges.last[present]
        return present, found.starts(first, last, np.flatnonzero(there)[same])

    def counters_around(self, target: SetRef, addresses: Addresses) -> Counters | None:
        """What the ranges of a set that any of `addresses` lies in have counted, each once.

        None: only a dump tells. A set that is not there has none. Raises as `lookup`.
        """
        # The kernel answers with the last element up to the address, unless that is an end.
        _, found = self._single(target, addresses)
        if (found.is_end | found.closed).any():
            return None
        each = {key: row for row, key in enumerate(to_integers(found.key))}
        return found.counter[list(each.values())]

    def _single(
        self,
        target: SetRef,
        keys: Addresses,
        ends: bool = False,
        likely: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.bool_], Halves]:
        """For which of `keys` there is an element; those that are `likely` there are quicker."""
        alone = np.ones(len(keys), np.bool_)
        parts: list[tuple[Indices, told.Answers]] = []
        rows = np.flatnonzero(alone if likely is None else likely)
        for at in range(0, 0 if likely is None else len(rows), _KEYS_AT_ONCE):
            some = rows[at : at + _KEYS_AT_ONCE]
            sequence = self._next()
            self._send(told.question_of_all(target, keys[some], sequence, ends))
            answers = told.sift_of_all(list(self._receiver.queued()), sequence, len(some))
            alone[some[answers.present]] = False
            parts.append((some, answers))
        rest = np.flatnonzero(alone)
        parts.append((rest, self._one_by_one(target, keys[rest], ends)))
        answers = told.together(parts, len(keys)) if len(parts) > 1 else parts[0][1]
        found = read_answers(answers, target.key_bytes)
        if len(found.part) != len(answers.offsets):
            raise MalformedReply("the kernel answered a question about a key with no key")
        return answers.present, found

    def _one_by_one(self, target: SetRef, keys: Addresses, ends: bool) -> told.Answers:
        replies: list[bytes] = []
        sequence = self._reserve(len(keys))
        for at in range(0, len(keys), _KEYS_AT_ONCE):
            some = keys[at : at + _KEYS_AT_ONCE]
            self._send(told.questions(target, some, sequence + at, ends))
            replies += self._receiver.queued()
        return told.sift(replies, sequence, len(keys))

    def _ask(self, question: Message) -> list[bytes]:
        sequence = self._next()
        self._send(encode.request(question, sequence))
        replies = list(self._receiver.queued())
        for reply in replies:
            if (end := finished(reply, sequence)) is not None:
                raise_refusal(end)
        return replies

    def _dump(self, question: Message) -> list[bytes]:
        sequence = self._next()
        self._send(encode.request(question, sequence))
        replies: list[bytes] = []
        while True:
            replies.append(self._receive())
            if (end := finished(replies[-1], sequence)) is not None:
                raise_refusal(end)
                return replies

    def _receive(self) -> bytes:
        try:
            return self._receiver.datagram()
        except BlockingIOError:
            raise Unconfirmed(
                f"nf_tables did not answer within {_ANSWER_SECONDS} s; open a new conversation"
            ) from None

    def _send(self, buffer: bytes) -> None:
        if len(buffer) > self._room:
            self._room = 2 * len(buffer)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_SNDBUFFORCE, self._room)
        try:
            self._socket.send(buffer)
        except OSError as failed:
            raise refusal(failed.errno or errno.EIO, text="nothing was sent") from failed

    def _next(self) -> int:
        return self._reserve(1)

    def _reserve(self, count: int) -> int:
        """The first of so many sequence numbers in a row."""
        first = self._sequence + 1
        if first + count > _LAST_SEQUENCE:
            first = 1
        self._sequence = first + count - 1
        return first


class EventSocket:
    """A subscription to every change of the ruleset in one namespace."""

    def __init__(self, opened: socket.socket) -> None:
        self._socket = opened
        self._receiver = _Receiver(opened)
        self._stop, self._stopped = socket.socketpair()
        self.attach()

    @classmethod
    def open(cls, namespace: str | None = None, buffer_bytes: int = _BUFFER_LIMIT) -> Self:
        """Subscribe in a namespace (name, process id or path; None: ours). Raises like `inside`.

        `buffer_bytes`: how much may wait to be read before the kernel drops notifications.
        """
        return cls(inside(namespace, partial(_open, buffer_bytes)))

    def attach(self) -> None:
        """Subscribe (again)."""
        self._member(NETLINK_ADD_MEMBERSHIP)

    def detach(self) -> None:
        """Unsubscribe: a subscriber more than doubles the time of a bulk write."""
        self._member(NETLINK_DROP_MEMBERSHIP)

    def read(self, seconds: float | None = None) -> list[Event]:
        """Wait for events and return all that have arrived; [] after the time or `stop`.

        Raises EventsLost when the kernel had to drop some.
        """
        ready, _, _ = select.select([self._socket, self._stopped], [], [], seconds)
        if self._socket not in ready:
            return []
        try:
            arrived = b"".join(self._receiver.queued())
        except OSError as failed:
            raise EventsLost(
                f"the kernel dropped notifications ({failed.strerror}); read everything again"
            ) from failed
        return list(read_events(arrived))

    def stop(self) -> None:
        """Make `read` return at once, from now on; callable from any thread."""
        self._stop.send(b"x")

    def close(self) -> None:
        """End the subscription."""
        for each in (self._socket, self._stop, self._stopped):
            each.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _member(self, option: int) -> None:
        self._socket.setsockopt(SOL_NETLINK, option, NFNLGRP_NFTABLES)
