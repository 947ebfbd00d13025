# SPDX-License-Identifier: GPL-2.0-or-later
"""Chains, rules, set definitions as values, and the replies that tell them. Pure.

Attributes: Linux ``include/uapi/linux/netfilter/nf_tables.h``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from drivers.nftables.netlink.attributes import (
    Attribute,
    attributes,
    be32,
    envelopes,
    fields,
    string,
)
from drivers.nftables.netlink.comments import userdata_text
from drivers.nftables.netlink.constants import (
    NFT_MSG_NEWCHAIN,
    NFT_MSG_NEWFLOWTABLE,
    NFT_MSG_NEWOBJ,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWSET,
    NFT_MSG_NEWTABLE,
    NFT_SET_EXPR,
    NFTA_CHAIN_HOOK,
    NFTA_CHAIN_NAME,
    NFTA_CHAIN_POLICY,
    NFTA_CHAIN_TABLE,
    NFTA_CHAIN_TYPE,
    NFTA_HOOK_DEV,
    NFTA_HOOK_DEVS,
    NFTA_HOOK_HOOKNUM,
    NFTA_HOOK_PRIORITY,
    NFTA_LIST_ELEM,
    NFTA_OBJ_NAME,
    NFTA_OBJ_TABLE,
    NFTA_OBJ_TYPE,
    NFTA_RULE_CHAIN,
    NFTA_RULE_EXPRESSIONS,
    NFTA_RULE_HANDLE,
    NFTA_RULE_TABLE,
    NFTA_SET_DATA_TYPE,
    NFTA_SET_DESC,
    NFTA_SET_EXPR,
    NFTA_SET_EXPRESSIONS,
    NFTA_SET_FLAGS,
    NFTA_SET_KEY_LEN,
    NFTA_SET_KEY_TYPE,
    NFTA_SET_NAME,
    NFTA_SET_TABLE,
    NFTA_SET_TIMEOUT,
    NFTA_SET_USERDATA,
    NFTA_TABLE_FLAGS,
    NFTNL_UDATA_SET_COMMENT,
)
from drivers.nftables.netlink.errors import MalformedReply
from drivers.nftables.netlink.expressions import Expression, read_expression
from drivers.nftables.netlink.replies import message_type

TYPE_IPV4 = 7
TYPE_IPV6 = 8
TYPE_MARK = 19
TYPE_IFNAME = 41
"""nft's numbers of key types (nftables ``include/datatype.h``)."""


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a base chain is called. `number`: enum nf_inet_hooks; `policy`: NF_DROP, NF_ACCEPT."""

    kind: str
    number: int
    priority: int
    policy: int
    on_devices: bool = False


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """A chain; `hook` None: only called by others."""

    name: str
    hook: Hook | None = None


@dataclass(frozen=True, slots=True)
class BaseChain:
    """A base chain of any table; `family`: NFPROTO_*."""

    family: int
    table: str
    name: str
    hook: Hook


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """A rule; `handle` names it in this kernel, 0 before it is there."""

    chain: str
    handle: int
    expressions: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class SetDefinition:
    """A set or map, without its elements.

    `flags`: NFT_SET_*. `statements`: names of the statements of each element. `timeout`: the
    default one, milliseconds, 0 none. `restricted`: whether it has a size or a concatenation,
    which none of ours has.
    """

    name: str
    flags: int
    key_type: int
    key_bytes: int
    comment: str = ""
    statements: tuple[str, ...] = ()
    data_type: int = 0
    timeout: int = 0
    restricted: bool = False


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """A stateful object or a flowtable (`kind` 0), which we never make."""

    name: str
    kind: int


def table_flags(replies: Iterable[bytes]) -> int | None:
    """The flags of the table that was asked for; None: not in the answer."""
    for buffer, found in _of_kind(replies, NFT_MSG_NEWTABLE):
        flags = found.get(NFTA_TABLE_FLAGS)
        return 0 if flags is None else be32(buffer, flags, "table flags")
    return None


def read_chains(replies: Iterable[bytes], table: str) -> tuple[ChainFacts, ...]:
    """The chains of `table`. Raises MalformedReply."""
    return tuple(
        ChainFacts(string(buffer, found.get(NFTA_CHAIN_NAME)), _hook(buffer, found))
        for buffer, found in _of_kind(replies, NFT_MSG_NEWCHAIN)
        if string(buffer, found.get(NFTA_CHAIN_TABLE)) == table
    )


def read_base_chains(replies: Iterable[bytes]) -> tuple[BaseChain, ...]:
    """The base chains of all tables. Raises MalformedReply."""
    told: list[BaseChain] = []
    for buffer in replies:
        for envelope in envelopes(buffer):
            if message_type(envelope) != NFT_MSG_NEWCHAIN:
                continue
            found = fields(buffer, envelope)
            hook = _hook(buffer, found)
            if hook is not None:
                table = string(buffer, found.get(NFTA_CHAIN_TABLE))
                name = string(buffer, found.get(NFTA_CHAIN_NAME))
                told.append(BaseChain(buffer[envelope.start], table, name, hook))
    return tuple(told)


def _hook(buffer: bytes, found: dict[int, Attribute]) -> Hook | None:
    outer = found.get(NFTA_CHAIN_HOOK)
    if outer is None:
        return None
    place = {a.kind: a for a in attributes(buffer, outer.start, outer.stop)}
    priority = be32(buffer, place.get(NFTA_HOOK_PRIORITY), "chain priority")
    return Hook(
        string(buffer, found.get(NFTA_CHAIN_TYPE)),
        be32(buffer, place.get(NFTA_HOOK_HOOKNUM), "chain hook"),
        priority - (1 << 32) if priority >> 31 else priority,
        be32(buffer, found.get(NFTA_CHAIN_POLICY), "chain policy"),
        NFTA_HOOK_DEV in place or NFTA_HOOK_DEVS in place,
    )


def read_rules(replies: Iterable[bytes], table: str) -> tuple[RuleFacts, ...]:
    """The rules of `table`, in their order. Raises MalformedReply."""
    return tuple(
        RuleFacts(
            string(buffer, found.get(NFTA_RULE_CHAIN)),
            _be64(buffer, found.get(NFTA_RULE_HANDLE), "rule handle"),
            tuple(_expressions(buffer, found.get(NFTA_RULE_EXPRESSIONS))),
        )
        for buffer, found in _of_kind(replies, NFT_MSG_NEWRULE)
        if string(buffer, found.get(NFTA_RULE_TABLE)) == table
    )


def _expressions(buffer: bytes, listed: Attribute | None) -> Iterator[Expression]:
    if listed is not None:
        for found in attributes(buffer, listed.start, listed.stop):
            if found.kind != NFTA_LIST_ELEM:
                raise MalformedReply("a rule's expressions do not decode; read again")
            yield read_expression(buffer, found.start, found.stop)


def read_sets(replies: Iterable[bytes], table: str) -> tuple[SetDefinition, ...]:
    """The set definitions of `table`, anonymous ones too. Raises MalformedReply."""
    return tuple(
        _set(buffer, found)
        for buffer, found in _of_kind(replies, NFT_MSG_NEWSET)
        if string(buffer, found.get(NFTA_SET_TABLE)) == table
    )


def _set(buffer: bytes, found: dict[int, Attribute]) -> SetDefinition:
    userdata, described = found.get(NFTA_SET_USERDATA), found.get(NFTA_SET_DESC)
    timeout = found.get(NFTA_SET_TIMEOUT)
    comment = b"" if userdata is None else buffer[userdata.start : userdata.stop]
    return SetDefinition(
        string(buffer, found.get(NFTA_SET_NAME)),
        _number(buffer, found.get(NFTA_SET_FLAGS)) & ~NFT_SET_EXPR,
        _number(buffer, found.get(NFTA_SET_KEY_TYPE)),
        be32(buffer, found.get(NFTA_SET_KEY_LEN), "set key length"),
        userdata_text(comment, NFTNL_UDATA_SET_COMMENT),
        tuple(_statements(buffer, found)),
        _number(buffer, found.get(NFTA_SET_DATA_TYPE)),
        0 if timeout is None else _be64(buffer, timeout, "set timeout"),
        described is not None and described.stop > described.start,
    )


def _statements(buffer: bytes, found: dict[int, Attribute]) -> Iterator[str]:
    single, listed = found.get(NFTA_SET_EXPR), found.get(NFTA_SET_EXPRESSIONS)
    if single is not None:
        yield read_expression(buffer, single.start, single.stop).name
    elif listed is not None:
        for each in attributes(buffer, listed.start, listed.stop):
            yield read_expression(buffer, each.start, each.stop).name


def read_objects(replies: Iterable[bytes], table: str) -> tuple[ObjectFacts, ...]:
    """Stateful objects and flowtables of `table`. Raises MalformedReply."""
    kept = list(replies)
    objects = [
        ObjectFacts(
            string(buffer, found.get(NFTA_OBJ_NAME)),
            be32(buffer, found.get(NFTA_OBJ_TYPE), "object type"),
        )
        for buffer, found in _of_kind(kept, NFT_MSG_NEWOBJ)
        if string(buffer, found.get(NFTA_OBJ_TABLE)) == table
    ]
    flowtables = [
        ObjectFacts(string(buffer, found.get(NFTA_OBJ_NAME)), 0)
        for buffer, found in _of_kind(kept, NFT_MSG_NEWFLOWTABLE)
        if string(buffer, found.get(NFTA_OBJ_TABLE)) == table
    ]
    return (*objects, *flowtables)


def read_all_flowtables(replies: Iterable[bytes]) -> tuple[tuple[int, str, str], ...]:
    """Family (NFPROTO_*), table and name of every flowtable. Raises MalformedReply."""
    told: list[tuple[int, str, str]] = []
    for buffer in replies:
        for envelope in envelopes(buffer):
            if message_type(envelope) == NFT_MSG_NEWFLOWTABLE:
                found = fields(buffer, envelope)
                table = string(buffer, found.get(NFTA_OBJ_TABLE))
                name = string(buffer, found.get(NFTA_OBJ_NAME))
                told.append((buffer[envelope.start], table, name))
    return tuple(told)


def _of_kind(replies: Iterable[bytes], kind: int) -> Iterator[tuple[bytes, dict[int, Attribute]]]:
    for buffer in replies:
        for envelope in envelopes(buffer):
            if message_type(envelope) == kind:
                yield buffer, fields(buffer, envelope)


def _number(buffer: bytes, found: Attribute | None) -> int:
    return 0 if found is None else be32(buffer, found, "a word")


def _be64(buffer: bytes, found: Attribute | None, what: str) -> int:
    if found is None or found.stop - found.start != 8:
        raise MalformedReply(f"a reply of nf_tables does not decode ({what}); read again")
    return int.from_bytes(buffer[found.start : found.stop], "big")
