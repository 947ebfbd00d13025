# SPDX-License-Identifier: GPL-2.0-or-later
"""Which filters of an operator's configuration call our functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.bird.configured import configuration, includes
from drivers.bird.hooks import gap
from drivers.bird.model import Box, IncludeFile, Protocol
from enforcer.core.rules import Key

NAME = "enf_in_10_1_0_2"
CALL = f"if {NAME}() then reject;"
RUNNING = Protocol("customer", "10.1.0.2", families=(4,))


def gap_of(text: str, way: Key = Key.RECEIVED) -> str:
    return gap(Box(IncludeFile({}), configured=configuration(text)), RUNNING, 4, way)


def bgp(channel: str, name: str = "customer", before: str = "") -> str:
    return f"{before}\nprotocol bgp {name} {{ neighbor 10.1.0.2 as 1; ipv4 {{ {channel} }}; }}\n"


@pytest.mark.parametrize(
    "text",
    [
        bgp(f"import filter {{ {CALL} accept; }};"),
        bgp(f"import where !{NAME}();"),
        bgp(f"import where ( ! {NAME}() && net ~ [ 10.0.0.0/8+ ] );"),
        bgp("import none;"),
        bgp("import filter his;", before=f"filter his {{ {CALL} accept; }}"),
        bgp("import filter his;", before=f"filter his\nint x;\n{{ {CALL} accept; }}"),
        bgp(
            "import filter his;",
            before=f"function f() {{ return {NAME}(); }}\nfilter his {{ if f() then reject; }}",
        ),
        bgp(f"import filter {{ {CALL} accept; }};", name=""),
        f"template bgp t {{ ipv4 {{ import filter {{ {CALL} accept; }}; }}; }}\n"
        "protocol bgp customer from t { neighbor 10.1.0.2 as 1; }",
        f"template bgp t {{ ipv4 {{ import where !{NAME}(); }}; }}\n"
        "protocol bgp customer from t { neighbor 10.1.0.2 as 1; ipv4 { export all; }; }",
        "define PEER = 10.1.0.2;\n"
        + bgp(f"import filter {{ {CALL} accept; }};").replace("10.1.0.2 as", "PEER as"),
        bgp(f'import filter {{ print "}}"; {CALL} /* }} */ accept; }}; # }}'),
    ],
)
def test_a_filter_that_calls_it(text: str) -> None:
    assert gap_of(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        bgp("import all;"),
        bgp("export all;"),
        bgp("import filter his;", before="filter his { accept; }"),
        bgp("import filter unknown;"),
        bgp(f"import filter {{ # {CALL}\n accept; }};"),
        bgp(f'import filter {{ print "{NAME}()"; accept; }};'),
        bgp(f"import filter {{ /* {CALL} */ accept; }};"),
        bgp("import where !enf_in_10_1_0_20();"),
        bgp(f"export where !{NAME}();"),
        bgp("import all;", before=f"filter his {{ {CALL} accept; }}"),
        f"template bgp t {{ ipv4 {{ import where !{NAME}(); }}; }}\n"
        "protocol bgp customer from t { neighbor 10.1.0.2 as 1; ipv4 { import all; }; }",
        bgp(f"import where !{NAME}();").replace("ipv4", "ipv6"),
    ],
)
def test_a_filter_that_does_not(text: str) -> None:
    assert f"does not call {NAME}()" in gap_of(text)


def test_the_other_direction() -> None:
    text = bgp("import all; export where !enf_out_10_1_0_2();")
    assert gap_of(text, Key.ANNOUNCED) == ""
    assert "export filter" in gap_of(bgp("import all;"), Key.ANNOUNCED)


def test_a_protocol_that_is_not_there() -> None:
    assert "not found" in gap_of(bgp("import none;", name="other").replace("10.1.0.2", "10.1.0.3"))
    box = Box(IncludeFile({}), configured=None)
    assert "cannot be read" in gap(box, RUNNING, 4, Key.RECEIVED)


def test_what_is_included() -> None:
    text = 'include "a.conf";\n# include "b.conf";\n/* include "c.conf"; */\n  include "d/*.conf" ;'
    assert includes(text) == ("a.conf", "d/*.conf")


@given(st.text(alphabet='protocol bgp filter{}();"#/*\n x', max_size=300))
def test_whatever_it_says_it_is_read(text: str) -> None:
    for one in configuration(text):
        assert one.name is not None
