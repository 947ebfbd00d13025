# SPDX-License-Identifier: GPL-2.0-or-later
"""Which lines of a configuration come and go with orders. Pure.

Both as ``show configuration`` prints it and as ``| display set`` does. Where the operator has a
filter or a policy of his own, one line names his and ours: that stays visible, and so does what is
disabled
and a BGP neighbor that is deactivated.
"""

from __future__ import annotations

from enforcer.driver_api import Ignored

_LISTS = r"(?:input|output)(?:-list|-chain)?"
_BODY = r"(?:(?>(?:\1 [^\n]*\n){1,9999}))*"
"""Any number of lines further in, in portions: Perl repeats a group 32,766 times at most."""
_STATE = r"(?:inactive: )?"
_OBJECT = r"(?:prefix-list|policy-statement|filter)"


def ignored(tag: int) -> Ignored:
    """For a router whose discard routes of ours have `tag`."""
    return Ignored(
        (*_set(tag), *_blocks(tag)),
        rancid=("junos", "junos::ShowConfiguration"),
        oxidized=("junos", "JunOS"),
    )


def _set(tag: int) -> tuple[str, ...]:
    route = r"^set routing-options (?:rib inet6\.0 )?static route \S+ "
    return (
        r"^(?:set|deactivate) policy-options (?:prefix-list|policy-statement|as-path) ENF-[^\n]*\n",
        r"^(?:set|deactivate) firewall family inet6? filter ENF-[^\n]*\n",
        rf"^(?:set|deactivate) interfaces [^\n]* filter {_LISTS} ENF-[^\n]*\n",
        r"^(?:set|deactivate) protocols bgp [^\n]*(?:import|export) ENF-[^\n]*\n",
        rf"({route})(?:discard\n\1tag {tag}|tag {tag}\n\1discard)\n",
    )


def _blocks(tag: int) -> tuple[str, ...]:
    ours = r"(?:\[ (?:ENF-\S+ )+\]|ENF-[^\s;]+)"
    route = rf"(?:discard;\n\1 +tag {tag};|tag {tag};\n\1 +discard;)"
    return (
        rf"^( +){_STATE}{_OBJECT} ENF-\S+ \{{\n{_BODY}\1\}}\n",
        rf"^ +{_STATE}{_OBJECT} ENF-[^\s;]+;\n",
        rf"^ +{_STATE}as-path ENF-\S+ [^\n]*;\n",
        rf"^( +){_STATE}filter \{{\n(?:\1 +{_STATE}{_LISTS} {ours};\n)+\1\}}\n",
        rf"^ +{_STATE}{_LISTS} {ours};\n",
        rf"^ +{_STATE}(?:import|export) {ours};\n",
        rf"^( +){_STATE}route \S+ \{{\n\1 +{route}\n\1\}}\n",
        # What is empty then; Junos itself never prints an empty block.
        r"^        static \{\n        \}\n",
        r"^    (?:family inet6?|rib inet6\.0|static) \{\n    \}\n",
        r"^(?:firewall|policy-options|routing-options) \{\n\}\n",
    )
