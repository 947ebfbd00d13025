# SPDX-License-Identifier: GPL-2.0-or-later
"""Requests that make, delete and ask for tables, chains, rules and set definitions. Pure.

Attributes: Linux ``include/uapi/linux/netfilter/nf_tables.h``.
"""

from __future__ import annotations

from collections.abc import Iterable
from sys import byteorder

from drivers.nftables.netlink.attributes import (
    Message,
    attribute,
    text,
)
from drivers.nftables.netlink.constants import (
    NFGEN_HEADER,
    NFNL_SUBSYS_NFTABLES,
    NFPROTO_INET,
    NFT_MSG_DELCHAIN,
    NFT_MSG_DELFLOWTABLE,
    NFT_MSG_DELOBJ,
    NFT_MSG_DELRULE,
    NFT_MSG_DELSET,
    NFT_MSG_DELTABLE,
    NFT_MSG_GETCHAIN,
    NFT_MSG_GETFLOWTABLE,
    NFT_MSG_GETOBJ,
    NFT_MSG_GETRULE,
    NFT_MSG_GETSET,
    NFT_MSG_GETTABLE,
    NFT_MSG_NEWCHAIN,
    NFT_MSG_NEWRULE,
    NFT_MSG_NEWSET,
    NFT_MSG_NEWTABLE,
    NFT_SET_MAP,
    NFTA_CHAIN_HOOK,
    NFTA_CHAIN_NAME,
    NFTA_CHAIN_POLICY,
    NFTA_CHAIN_TABLE,
    NFTA_CHAIN_TYPE,
    NFTA_HOOK_HOOKNUM,
    NFTA_HOOK_PRIORITY,
    NFTA_OBJ_NAME,
    NFTA_OBJ_TABLE,
    NFTA_OBJ_TYPE,
    NFTA_RULE_CHAIN,
    NFTA_RULE_EXPRESSIONS,
    NFTA_RULE_HANDLE,
    NFTA_RULE_POSITION,
    NFTA_RULE_TABLE,
    NFTA_SET_DATA_LEN,
    NFTA_SET_DATA_TYPE,
    NFTA_SET_EXPR,
    NFTA_SET_FLAGS,
    NFTA_SET_ID,
    NFTA_SET_KEY_LEN,
    NFTA_SET_KEY_TYPE,
    NFTA_SET_NAME,
    NFTA_SET_TABLE,
    NFTA_SET_USERDATA,
    NFTA_TABLE_FLAGS,
    NFTA_TABLE_NAME,
    NFTNL_UDATA_SET_COMMENT,
    NFTNL_UDATA_SET_DATA_INTERVAL,
    NFTNL_UDATA_SET_DATABYTEORDER,
    NFTNL_UDATA_SET_KEYBYTEORDER,
    NLM_F_APPEND,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
)
from drivers.nftables.netlink.definitions import (
    TYPE_IFNAME,
    TYPE_MARK,
    ChainFacts,
    ObjectFacts,
    SetDefinition,
)
from drivers.nftables.netlink.expressions import Expression, expression_body

_HOST_ORDER = frozenset({TYPE_MARK, TYPE_IFNAME})
_VERDICT_BYTES = 16


def ask_tables(table: str) -> Message:
    """Ask for one table."""
    return _message(NFT_MSG_GETTABLE, 0, text(NFTA_TABLE_NAME, table))


def ask_all_tables() -> Message:
    """Ask for all tables of all families."""
    kind = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETTABLE
    return Message(kind, NLM_F_DUMP, (bytes(NFGEN_HEADER),))


def ask_chains(table: str) -> Message:
    """Ask for all chains (kernels before 6.4 tell those of all tables)."""
    return _message(NFT_MSG_GETCHAIN, NLM_F_DUMP, text(NFTA_CHAIN_TABLE, table))


def ask_all_chains() -> Message:
    """Ask for all chains of all tables of all families."""
    kind = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN
    return Message(kind, NLM_F_DUMP, (bytes(NFGEN_HEADER),))


def ask_all_flowtables() -> Message:
    """Ask for all flowtables of all tables of all families."""
    kind = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETFLOWTABLE
    return Message(kind, NLM_F_DUMP, (bytes(NFGEN_HEADER),))


def ask_rules(table: str) -> Message:
    """Ask for all rules of a table, chain by chain, in order."""
    return _message(NFT_MSG_GETRULE, NLM_F_DUMP, text(NFTA_RULE_TABLE, table))


def ask_sets(table: str) -> Message:
    """Ask for all set definitions of a table."""
    return _message(NFT_MSG_GETSET, NLM_F_DUMP, text(NFTA_SET_TABLE, table))


def ask_objects(table: str) -> Message:
    """Ask for all stateful objects of a table."""
    return _message(NFT_MSG_GETOBJ, NLM_F_DUMP, text(NFTA_OBJ_TABLE, table))


def ask_flowtables(table: str) -> Message:
    """Ask for all flowtables of a table."""
    return _message(NFT_MSG_GETFLOWTABLE, NLM_F_DUMP, text(NFTA_OBJ_TABLE, table))


def add_table(table: str) -> Message:
    """Create a table, or wake a dormant one."""
    body = text(NFTA_TABLE_NAME, table) + _be32(NFTA_TABLE_FLAGS, 0)
    return _message(NFT_MSG_NEWTABLE, NLM_F_CREATE, body)


def delete_table(table: str) -> Message:
    """Delete a table with all that is in it."""
    return _message(NFT_MSG_DELTABLE, 0, text(NFTA_TABLE_NAME, table))


def add_chain(table: str, chain: ChainFacts) -> Message:
    """Create a chain; it must not exist."""
    body = text(NFTA_CHAIN_TABLE, table) + text(NFTA_CHAIN_NAME, chain.name)
    if chain.hook is not None:
        place = _be32(NFTA_HOOK_HOOKNUM, chain.hook.number)
        place += _be32(NFTA_HOOK_PRIORITY, chain.hook.priority)
        body += attribute(NFTA_CHAIN_HOOK, place, nested=True)
        body += _be32(NFTA_CHAIN_POLICY, chain.hook.policy)
        body += text(NFTA_CHAIN_TYPE, chain.hook.kind)
    return _message(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, body)


def delete_chain(table: str, name: str) -> Message:
    """Delete a chain that nothing refers to."""
    body = text(NFTA_CHAIN_TABLE, table) + text(NFTA_CHAIN_NAME, name)
    return _message(NFT_MSG_DELCHAIN, 0, body)


def add_rule(
    table: str, chain: str, expressions: Iterable[Expression], before: int | None = None
) -> Message:
    """Create a rule at the end of its chain, or before the one with that handle."""
    body = text(NFTA_RULE_TABLE, table) + text(NFTA_RULE_CHAIN, chain)
    listed = b"".join(e.encoded() for e in expressions)
    body += attribute(NFTA_RULE_EXPRESSIONS, listed, nested=True)
    if before is None:
        return _message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, body)
    body += attribute(NFTA_RULE_POSITION, before.to_bytes(8, "big"))
    return _message(NFT_MSG_NEWRULE, NLM_F_CREATE, body)


def delete_rule(table: str, chain: str, handle: int) -> Message:
    """Delete one rule."""
    body = text(NFTA_RULE_TABLE, table) + text(NFTA_RULE_CHAIN, chain)
    body += attribute(NFTA_RULE_HANDLE, handle.to_bytes(8, "big"))
    return _message(NFT_MSG_DELRULE, 0, body)


def delete_rules(table: str, chain: str) -> Message:
    """Delete all rules of a chain."""
    body = text(NFTA_RULE_TABLE, table) + text(NFTA_RULE_CHAIN, chain)
    return _message(NFT_MSG_DELRULE, 0, body)


def add_set(table: str, made: SetDefinition, number: int) -> Message:
    """Create a set or map; `number` tells it from others of the same transaction."""
    body = text(NFTA_SET_TABLE, table) + text(NFTA_SET_NAME, made.name)
    body += _be32(NFTA_SET_FLAGS, made.flags) + _be32(NFTA_SET_KEY_TYPE, made.key_type)
    body += _be32(NFTA_SET_KEY_LEN, made.key_bytes)
    if made.flags & NFT_SET_MAP:
        body += _be32(NFTA_SET_DATA_TYPE, made.data_type)
        body += _be32(NFTA_SET_DATA_LEN, _VERDICT_BYTES)
    body += _be32(NFTA_SET_ID, number) + attribute(NFTA_SET_USERDATA, _userdata(made))
    for name in made.statements:
        body += attribute(NFTA_SET_EXPR, expression_body(Expression(name)), nested=True)
    return _message(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, body)


def delete_set(table: str, name: str) -> Message:
    """Delete a set or map that no rule refers to, with its elements."""
    body = text(NFTA_SET_TABLE, table) + text(NFTA_SET_NAME, name)
    return _message(NFT_MSG_DELSET, 0, body)


def delete_object(table: str, found: ObjectFacts) -> Message:
    """Delete a stateful object or a flowtable that nothing refers to."""
    body = text(NFTA_OBJ_TABLE, table) + text(NFTA_OBJ_NAME, found.name)
    if not found.kind:
        return _message(NFT_MSG_DELFLOWTABLE, 0, body)
    return _message(NFT_MSG_DELOBJ, 0, body + _be32(NFTA_OBJ_TYPE, found.kind))


def _userdata(made: SetDefinition) -> bytes:
    order = 1 if made.key_type in _HOST_ORDER else 2
    parts = [(NFTNL_UDATA_SET_KEYBYTEORDER, order.to_bytes(4, byteorder))]
    if made.flags & NFT_SET_MAP:
        parts.append((NFTNL_UDATA_SET_DATABYTEORDER, bytes(4)))
        parts.append((NFTNL_UDATA_SET_DATA_INTERVAL, bytes(4)))
    if made.comment:
        parts.append((NFTNL_UDATA_SET_COMMENT, made.comment.encode("ascii") + b"\0"))
    return b"".join(bytes((kind, len(value))) + value for kind, value in parts)


def _be32(kind: int, number: int) -> bytes:
    return attribute(kind, (number & 0xFFFFFFFF).to_bytes(4, "big"))


def _message(kind: int, flags: int, body: bytes) -> Message:
    head = bytes((NFPROTO_INET, 0, 0, 0))
    return Message(NFNL_SUBSYS_NFTABLES << 8 | kind, flags, (head, body))
