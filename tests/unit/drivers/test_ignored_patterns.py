# SPDX-License-Identifier: GPL-2.0-or-later
"""The ignore rules of the routers on every golden case: what goes is ours, and is all of it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from drivers.cisco_ios.ignored import IGNORED as IOS
from drivers.cisco_xr.ignored import IGNORED as XR
from drivers.juniper_junos.ignored import ignored as junos
from drivers.juniper_junos.setup import TAG
from enforcer.driver_api import Ignored

HERE = Path(__file__).parent
RULES = {"cisco_ios": IOS, "cisco_xr": XR, "juniper_junos": junos(TAG)}
SHARED = (
    # A policy that ours stands before is named in ours alone: what binds ours there stays.
    r"   route-policy ENF-[0-9a-f]{12}-R (?:in|out)",
)
"""Lines about ours that stay, for they are about the operator's too."""


EMPTIED = ("!", "}", "router static", "address-family ipv4 unicast", "address-family ipv6 unicast")
"""What goes with the last line of ours in it."""


def actuals() -> list[ParameterSet]:
    found = [
        pytest.param(platform, file, id=f"{platform}/{file.parent.name}")
        for platform in RULES
        for file in sorted((HERE / platform / "cases").glob("*/actual.txt"))
    ]
    assert found
    return found


def filtered(rules: Ignored, text: str) -> str:
    for pattern in rules.patterns:
        text = re.sub(pattern, "", text, flags=re.MULTILINE)
    return text


def ours(lines: list[str]) -> list[bool]:
    """Whether each line is ours, found another way: by its section, its own words, its remark."""
    told: list[bool] = []
    inside, number = False, ""
    for line in lines:
        if not line.startswith(" ") and line not in ("!", "end-set", "end-policy"):
            inside = "ENF-" in line
        said = re.match(r" *((?:sequence )?\d+ |)remark ENF-", line)
        denied = bool(number) and line.strip().startswith(f"{number.strip('.')}deny ")
        routed = "Null0" in line or re.search(r" (?:discard|tag \d+)$", line) is not None
        told.append(inside or "ENF-" in line or denied or routed)
        if line == "!" and inside:
            inside = False
        number = f"{said[1]}." if said else (number if denied else "")
    return told


@pytest.mark.parametrize(("platform", "file"), actuals())
def test_only_lines_of_ours_go_and_all_of_them(platform: str, file: Path) -> None:
    # What other commands show stands behind the configuration.
    text = file.read_text(encoding="utf-8").split("\n=== ")[0]
    left = filtered(RULES[platform], text).splitlines()
    place = 0
    lines = text.splitlines()
    for line, mine in zip(lines, ours(lines), strict=True):
        if place < len(left) and left[place] == line:
            place += 1
        else:
            assert mine or line.strip() in EMPTIED, f"gone, and not ours: {line!r}"
    assert place == len(left)
    kept = [line for line in left if re.search(r"\bENF-", line)]
    assert [line for line in kept if not re.fullmatch("|".join(SHARED), line)] == []


@pytest.mark.parametrize("platform", RULES)
def test_the_expressions_are_those_that_perl_and_ruby_read_alike(platform: str) -> None:
    for pattern in RULES[platform].patterns:
        re.compile(pattern, re.MULTILINE)
        assert not set("$@#") & set(pattern)
        assert "(?P" not in pattern and "\\A" not in pattern and "\\Z" not in pattern
        bare = re.sub(r"\\.", "", pattern)
        assert bare.count("{") == bare.count("}"), "or it ends its own literal"
        assert "\n" not in pattern


def test_a_discard_route_with_another_tag_is_not_ours() -> None:
    theirs = (
        "set routing-options static route 192.0.2.0/24 discard\n"
        "set routing-options static route 192.0.2.0/24 tag 7\n"
    )
    assert filtered(junos(TAG), theirs) == theirs
    assert filtered(junos(7), theirs) == ""


def test_an_operator_s_deny_behind_a_remark_that_lost_its_line_stays() -> None:
    orphan = (
        "ip access-list extended CUSTOMER\n"
        " 10 remark ENF-0123456789ab 0005-P\n"
        " 20 deny ip host 240.0.0.1 any\n"
    )
    unnumbered = re.sub(r"^ \d+ ", " ", orphan, flags=re.MULTILINE)
    for text in (orphan, unnumbered):
        left = filtered(IOS, text)
        assert "deny ip host 240.0.0.1 any" in left and "remark" not in left


def test_ipv6_lines_of_ours_go_with_their_remarks_where_no_numbers_are_shown() -> None:
    theirs = "ipv6 access-list CUSTOMER6\n deny ipv6 host 2001:db8::2 any\n permit ipv6 any any\n"
    ours = " remark ENF-0123456789ab 0005-P\n deny ipv6 host 2001:db8:bad::7 any\n"
    head, rest = theirs.split("\n", 1)
    assert filtered(IOS, f"{head}\n{ours}{ours}{rest}") == theirs


@pytest.mark.parametrize(
    ("platform", "head", "line", "tail"),
    [
        ("cisco_ios", "!\nobject-group network ENF-0123456789ab-M0\n", " host 10.0.0.{}\n", "!\n"),
        ("cisco_xr", "object-group network ipv4 ENF-0123456789ab-M0\n", " 10.{}/32\n", "!\n"),
        (
            "juniper_junos",
            "    prefix-list ENF-0123456789ab-M0 {{\n",
            "        10.{}/32;\n",
            "    }}\n",
        ),
    ],
)
def test_a_group_of_any_size_goes_whole_in_perl_too(
    tmp_path: Path, platform: str, head: str, line: str, tail: str
) -> None:
    members = "".join(line.format(n) for n in range(70_000))
    text = "hostname x\n" + head.format() + members + tail.format() + "end\n"
    (tmp_path / "text").write_text(text, encoding="ascii")
    patterns = "".join(f"qr{{{pattern}}}m," for pattern in RULES[platform].patterns)
    script = f"local $/; my $text = <>; for my $p ({patterns}) {{ $text =~ s/$p//g; }} print $text"
    ran = subprocess.run(
        ["perl", "-w", "-e", script, str(tmp_path / "text")],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert (ran.stdout.replace("!\n", ""), ran.stderr) == ("hostname x\nend\n", "")
    assert ran.stdout == filtered(RULES[platform], text)
