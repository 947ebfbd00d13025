# SPDX-License-Identifier: GPL-2.0-or-later
"""Which statements the emulated Junos knows: containers, lists, leaves, in the order it shows.

The schema is written as indented lines `NAME KIND TYPE... ^CHOICE`. Kinds:

    {    container            {+   container that exists even when empty (`rpf-check;`)
    {?   container on one line if it has one leaf     *0  list whose entries vanish when empty
    *    list with a key      *|   list shown on one line     *?  on one line if it has one leaf
    =    leaf with a value    []   leaf with several values   !   leaf without a value
    ~    everything below is accepted as words (sections that no answer of the emulator rests on)

A list without a keyword has the name `-`. A lone `~` makes the section around it accept unknown
statements. Statements of one CHOICE replace each other. Source: the configuration statement
hierarchies of Juniper's CLI reference; the parts of it that the emulator evaluates are complete,
a match condition that it cannot evaluate is a syntax error rather than a wrong answer.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

_ADDRESSES = "address source-address destination-address"
_LISTS = "prefix-list source-prefix-list destination-prefix-list"
_PROTOCOLS = "protocol next-header payload-protocol"
_PORTS = "port source-port destination-port"


def _match_lines() -> list[str]:
    lines = []
    for name in _ADDRESSES.split():
        lines += [f"{name} {{", "  - *| prefix", "    except !"]
    for name in _LISTS.split():
        lines += [f"{name} {{", "  - *| name", "    except !"]
    for name in (*_PROTOCOLS.split(), "extension-header"):
        lines += [f"{name} [] protocol", f"{name}-except [] protocol"]
    for name in _PORTS.split():
        lines += [f"{name} [] port", f"{name}-except [] port"]
    for name in ("icmp-type", "icmp-code", "fragment-offset"):
        lines += [f"{name} [] range", f"{name}-except [] range"]
    flags = ("is-fragment", "first-fragment", "tcp-established", "tcp-initial")
    return lines + [f"{name} !" for name in flags]


_ROUTE = """\
route *? prefix
  discard ! ^where
  reject ! ^where
  next-hop [] word
  preference = number
  metric = number
  tag = number
  community [] word
  no-install !
  no-readvertise !
"""
_BGP_COMMON = """\
description = text
local-address = ip
hold-time = number
import [] name
export [] name
family ~
peer-as = number
authentication-key = text
shutdown {+
  notify-message = text
~
"""
_POLICY_TERM = """\
from {
  family = word
  protocol [] word
  neighbor [] ip
  tag [] number
  community [] name
  as-path [] name
  as-path-group [] name
  prefix-list *| name
  prefix-list-filter *| name list-length
    accept ! ^do
    reject ! ^do
  route-filter *| prefix length
    accept ! ^do
    reject ! ^do
  route-filter-list *| name
    accept ! ^do
    reject ! ^do
then {?
  local-preference = number
  metric = number
  tag = number
  community *| word name
  accept ! ^do
  reject ! ^do
  next = next ^do
  ~
"""
_SCHEMA = """\
version = word
groups * name
  ~
apply-groups [] name
system {
  host-name = word
  root-authentication {
    encrypted-password = text
    plain-text-password-value = text
    ~
  time-zone = word
  domain-name = word
  name-server [] ip
  login {
    class * name
      ~
    user * name
      uid = number
      class = word
      authentication ~
    ~
  services ~
  ~
chassis ~
security ~
interfaces {
  - * name
    description = text
    disable !
    vlan-tagging !
    flexible-vlan-tagging !
    mtu = number
    encapsulation = word
    unit * number
      description = text
      disable !
      encapsulation = word
      vlan-id = number
      family * family
        mtu = number
        rpf-check {+
          fail-filter = name
          mode = word
        filter {
          group = number
          input = name
          input-list [] name
          input-chain [] name
          output = name
          output-list [] name
          output-chain [] name
        address *? ifaddress
          ~
        ~
      ~
    ~
snmp ~
forwarding-options {
  rpf-loose-mode-discard {
    family {
      inet !
      inet6 !
  ~
event-options ~
routing-options {
  rib * name
    static {
@route@      ~
    ~
  static {
@route@    ~
  router-id = ip
  autonomous-system = number
  ~
protocols {
  bgp {
    import [] name
    export [] name
    shutdown {+
      notify-message = text
    group * name
      type = word
@bgp@      neighbor * ip
@bgp@    ~
  ~
policy-options {
  prefix-list * name
    - *| prefix
    apply-path = text
  policy-statement * name
    term * name
@term@@term@  community * name
    members [] word
  as-path *| name
    - *| path ^path
  as-path-group * name
    as-path *| name
      - *| path ^path
  route-filter-list * name
    - *| prefix length
      accept ! ^do
      reject ! ^do
class-of-service ~
firewall {
  family *0 family
    filter * name
@filter@  policer * name
    ~
  filter * name
@filter@routing-instances ~
applications ~
"""
_FILTER = """\
interface-specific !
term * name
  from {
@match@  then {?
    policer = name
    count = name
    loss-priority = word
    forwarding-class = word
    log !
    syslog !
    sample !
    accept ! ^do
    discard ! ^do
    reject ! ^do
    next = next ^do
"""


@dataclass
class Statement:
    """One statement of the schema.

    Attributes:
        name: the keyword; empty for a list whose entries have none.
        kind: `container`, `list`, `leaf`, `leaf-list`, `flag` or `free` (below it: words).
        types: of the key (list) or of the value (leaf, leaf-list); see `values`.
        style: `block`, `line` (always one line) or `sparse` (one line if it has one leaf).
        presence: a container or list entry that exists even when empty.
        loose: unknown statements below it are accepted as words.
        choice: statements of one choice under one parent replace each other; empty: none.
        order: its place among its siblings when shown.
        children: by keyword; a list without a keyword is under the empty string.
    """

    name: str
    kind: str
    types: tuple[str, ...] = ()
    style: str = "block"
    presence: bool = False
    loose: bool = False
    choice: str = ""
    order: int = 0
    children: dict[str, Statement] = field(default_factory=dict)


FREE = Statement("", "free", loose=True, order=1000)
_KINDS = {"{": "container", "*": "list", "=": "leaf", "[]": "leaf-list", "!": "flag", "~": "free"}
_STYLES = {"|": "line", "?": "sparse"}


def _statement(words: list[str], order: int) -> Statement:
    name, mark, *rest = words
    kind = _KINDS[mark if mark == "[]" else mark[0]]
    tail = "" if mark == "[]" else mark[1:]
    return Statement(
        name="" if name == "-" else name,
        kind=kind,
        types=tuple(word for word in rest if not word.startswith("^")),
        style=_STYLES.get(tail, "block"),
        presence=tail == "+" or (kind == "list" and tail != "0"),
        loose=kind == "free",
        choice=next((word[1:] for word in rest if word.startswith("^")), ""),
        order=order,
    )


def _indented(text: str, depth: int) -> str:
    return "".join("  " * depth + line + "\n" for line in text.splitlines())


def _expanded() -> str:
    match = _indented("\n".join(_match_lines()), 2)
    parts = {
        "route": _ROUTE,
        "bgp": _BGP_COMMON,
        "term": _POLICY_TERM,
        "filter": _FILTER.replace("@match@", match),
    }
    depths = {"route": [3, 2], "bgp": [3, 4], "term": [3, 2], "filter": [3, 2]}
    text = _SCHEMA
    for name, part in parts.items():
        for depth in depths[name]:
            text = text.replace(f"@{name}@", _indented(part, depth), 1)
    return text


@cache
def schema() -> Statement:
    """The root of the schema (one object for the life of the program; do not change it)."""
    root = Statement("", "container", presence=True)
    parents = [root]
    for line in _expanded().splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        parent = parents[depth]
        words = line.split()
        if words == ["~"]:
            parent.loose = True
            continue
        statement = _statement(words, len(parent.children))
        parent.children[statement.name] = statement
        parents[depth + 1 :] = [statement]
    return root
