# SPDX-License-Identifier: GPL-2.0-or-later
import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enforcer.core.intervals import Ranges, merge
from enforcer.core.orders import Network
from enforcer.core.prefixes import parse_network
from enforcer.core.special_purpose import special_purpose
from enforcer.errors import InvalidInput
from inventory.list_files import Limits, ParsedList, parse_list, read_list

networks: st.SearchStrategy[Network] = st.one_of(
    st.builds(
        lambda a, n: IPv4Network((a, n), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(8, 32),
    ),
    st.builds(
        lambda a, n: IPv6Network((a | 1 << 125, n), strict=False),
        st.integers(0, 2**128 - 1),
        st.integers(16, 128),
    ),
)
anybody_s = networks.filter(lambda network: special_purpose(network, True) is None)


def ranges(parsed: ParsedList) -> list[tuple[int, int, int]]:
    """(family, first, last) of every entry; checks that the columns are sorted by first."""
    columns = (
        (4, parsed.v4_first, parsed.v4_last),
        (6, parsed.v6_first, parsed.v6_last),
    )
    found = [
        (family, int(fh) << 64 | int(fl), int(lh) << 64 | int(ll))
        for family, first, last in columns
        for (fh, fl), (lh, ll) in zip(first.tolist(), last.tolist(), strict=True)
    ]
    assert [row[:2] for row in found] == sorted(row[:2] for row in found)
    return sorted(found)


def ranges_of(found: list[Network]) -> list[tuple[int, int, int]]:
    return sorted({(n.version, int(n.network_address), int(n.broadcast_address)) for n in found})


def test_every_accepted_shape() -> None:
    parsed = parse_list(
        "# a list\n; of\n\n   \n"
        "192.0.2.1\n"
        "198.51.100.0/24 ; SBL1\n"
        "  203.0.113.9  # seen twice\r\n"
        "2001:db8::1\n"
        "2001:DB8:2::/48;x\n"
        "192.0.2.7,2026-11-01,spam\n"
        '"192.0.2.8","a # b"\n'
        "192.0.2.1/32\n"
        "2600::/16"
    )
    assert ranges(parsed) == ranges_of(
        [
            ip_network(text)
            for text in (
                "192.0.2.1",
                "192.0.2.7",
                "192.0.2.8",
                "198.51.100.0/24",
                "203.0.113.9",
                "2001:db8::1",
                "2001:db8:2::/48",
                "2600::/16",
            )
        ]
    )
    assert (parsed.duplicates, parsed.lines, parsed.rejected, len(parsed)) == (1, 13, (), 8)


@pytest.mark.parametrize(
    "line, reason",
    [
        ("0.0.0.0/0", "default route"),
        ("::/0 ; all", "default route"),
        ("192.0.2.5/24", "or 192.0.2.0/24 for the whole network"),
        ("2001:db8::1/64", "or 2001:db8::/64 for the whole network"),
        ("::ffff:192.0.2.1", "write the IPv4 form 192.0.2.1"),
        ("::ffff:0:0/96", "default route|IPv4 form"),
        ("192.0.2.0/024", "no valid prefix length"),
        ("192.0.2.0/33", "no valid prefix length"),
        ("192.0.2.0/64", "no valid prefix length"),
        ("192.0.2.01", "without leading zeros"),
        ("192.0.2.9-192.0.2.1", "ends before it begins: write 192.0.2.1-192.0.2.9"),
        ("192.0.2.1-2001:db8::1", "one family"),
        ("192.0.2.0/25-192.0.2.200", "is a range|no range"),
        ("192.0.2.1-192.0.2.9-192.0.2.11", "not an IPv4"),
        ("192.0.2.1-9", "is a range: write it as one or more prefixes"),
        ("11.0.0.0-12.0.0.0", "wider than a /8"),
        ("2600::-2601::", "wider than a /16"),
        ("126.255.255.0-127.0.0.1", "loopback"),
        ("::2-::ffff:192.0.2.1", "is a range|not an IPv"),
        ("192.0.2.1,192.0.2.9", "two addresses"),
        ("192.0.2.1\t192.0.2.9\t24", "not an IPv4"),
        ("192.0.2.1 192.0.2.9", "not an IPv4"),
        ("mail.example.net", "not resolved"),
        ("ip,first seen", "not an IPv4"),
        (",192.0.2.1", "two addresses"),
        (",", "not an address"),
        ("fe80::1%eth0", "scope id"),
        ("192.0.2.1\x00", "not an IPv4"),
        ("0.0.0.0/2", "/2 is too short for a list: at least /8"),
        ("64.0.0.0/2", "at least /8"),
        ("128.0.0.0/7 ; half", "at least /8"),
        ("2000::/15", "/15 is too short for a list: at least /16"),
        ("224.0.0.5", "touches 224.0.0.0/4 .multicast"),
        ("0.0.0.0", "unspecified"),
        ("127.0.0.1", "loopback"),
        ("169.254.0.0/16,x", "link-local"),
        ("169.0.0.0/8", "link-local"),
        ("255.255.255.255", "limited broadcast"),
        ("::1", "loopback"),
        ("::", "unspecified"),
        ("fe80::/64", "link-local"),
        ("ff02::1", "multicast"),
        ("\ufffd\ufffd", "not an IPv4"),
    ],
)
def test_rejected_lines_say_why(line: str, reason: str) -> None:
    parsed = parse_list(f"192.0.2.1\n{line}\n198.51.100.1\n")
    (rejected,) = parsed.rejected
    assert rejected.line == 2
    assert rejected.text.isprintable()
    assert re.search(reason, rejected.reason)
    assert len(parsed) == 2


@given(st.lists(anybody_s, max_size=30))
def test_entries_are_kept_exactly(found: list[Network]) -> None:
    parsed = parse_list("\n".join(map(str, found)))
    assert ranges(parsed) == ranges_of(found)
    assert parsed.duplicates == len(found) - len(parsed)
    assert parsed.rejected == ()


@given(st.text(alphabet="0123456789abcdf.:/\x00 ", max_size=24))
@example("1.2.3.4/32")
@example("::1.2.3.4")
@example("::ffff:1.2.3.4/128")
@example("1::/1")
@example("0x1.2.3.4")
def test_the_fast_way_reads_what_the_strict_one_reads(line: str) -> None:
    parsed = parse_list(line)
    try:
        network = parse_network(line)
    except InvalidInput:
        assert len(parsed) == 0
    else:
        shortest = 8 if network.version == 4 else 16
        usable = network.prefixlen >= shortest and special_purpose(network, True) is None
        assert ranges(parsed) == (ranges_of([network]) if usable else [])


@given(st.lists(networks | st.sampled_from(["# nothing", "", "drivel", "0.0.0.0/2"]), max_size=30))
def test_what_is_special_is_rejected_in_its_own_line(found: list[Network | str]) -> None:
    parsed = parse_list("\n".join(map(str, found)))
    wrong = {"drivel", "0.0.0.0/2"}
    expected = [
        (number, str(one))
        for number, one in enumerate(found, 1)
        if (one in wrong if isinstance(one, str) else special_purpose(one, True))
    ]
    assert [(line, text) for line, text, _, _ in parsed.rejected] == expected


@given(st.text(max_size=60), st.sampled_from(["auto", "plain", "csv", "jsonl"]))
def test_it_raises_nothing_else_and_accounts_for_every_line(text: str, form: str) -> None:
    try:
        parsed = parse_list(text, form)
    except InvalidInput:
        assert form != "plain"
        return
    assert len(parsed) + parsed.duplicates + len(parsed.rejected) <= parsed.lines


@pytest.mark.parametrize(
    "line, code",
    [
        ("drivel", "garbage"),
        ("192.0.2.5/24", "host-bits"),
        ("2001:db8::1/64", "host-bits"),
        ("192.0.2.5/240", "garbage"),
        ("0.0.0.0/0", "default-route"),
        ("64.0.0.0/2", "too-wide"),
        ("224.0.0.5", "special-purpose"),
        ("126.255.255.0-127.0.0.1", "special-purpose"),
    ],
)
def test_a_reason_has_a_stable_code(line: str, code: str) -> None:
    assert [rejected.code for rejected in parse_list(line).rejected] == [code]


def test_a_list_has_its_own_limits() -> None:
    text = "192.0.2.0/24\n192.0.2.0/25\n192.0.2.0-192.0.2.128\n2001:db8::/64\n2001:db8::/65\n"
    parsed = parse_list(text, limits=Limits(25, 65))
    assert [(r.line, r.code) for r in parsed.rejected] == [(n, "too-wide") for n in (1, 3, 4)]
    assert len(parsed) == 2


addresses_s = st.one_of(
    st.tuples(st.just(4), st.integers(2**24, 2**27), st.integers(0, 5000)),
    st.tuples(st.just(6), st.integers(2**125, 2**125 + 2**30), st.integers(0, 2**40)),
)


@given(st.lists(addresses_s, max_size=8))
def test_a_range_is_exactly_its_addresses(found: list[tuple[int, int, int]]) -> None:
    kinds = {4: IPv4Address, 6: IPv6Address}
    text = "".join(f"{kinds[f](first)} - {kinds[f](first + n)}\n" for f, first, n in found)
    parsed = parse_list(text)
    assert parsed.rejected == ()
    for family, columns in ((4, parsed.v4), (6, parsed.v6)):
        stated = Ranges.of((first, first + n) for f, first, n in found if f == family)
        rows = Ranges(columns.first, columns.last)
        assert merge(rows).pairs() == merge(stated).pairs()
        size = columns.first ^ columns.last
        assert not (size & (size + np.uint64(1))).any(), "every row is a prefix"


@given(st.lists(st.sampled_from(["192.0.2.1", "192.0.2.2/32", "2001:db8::1", "bad"]), max_size=12))
def test_a_duplicate_names_its_line_and_the_one_that_counts(found: list[str]) -> None:
    parsed = parse_list("\n".join(found))
    first = {text: found.index(text) + 1 for text in found}
    expected = [
        (n, f"the same as in line {first[text]}")
        for n, text in enumerate(found, 1)
        if text != "bad" and first[text] != n
    ]
    assert [(r.line, r.reason) for r in parsed.repeated(100)] == expected
    assert parsed.repeated(1) == parsed.repeated(100)[:1]
    lines = {*parsed.v4.line.tolist(), *parsed.v6.line.tolist()}
    assert lines == {n for text, n in first.items() if text != "bad"}


def test_an_empty_list() -> None:
    parsed = parse_list("")
    assert (len(parsed), parsed.lines, parsed.v4_first.shape) == (0, 0, (0, 2))


def test_a_big_list_is_read_whole() -> None:
    parsed = parse_list("\n".join(str(IPv4Address(n * 7 + 2**24)) for n in range(200_000)))
    assert len(parsed) == 200_000
    assert parsed.v4_last[-1].tolist() == [0, 199_999 * 7 + 2**24]


def test_a_file_with_anything_in_it(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_bytes(b"\xef\xbb\xbf192.0.2.1\n\xff\xfe\n# Z\xfcrich\n")
    parsed = read_list(file)
    assert ranges(parsed) == ranges_of([ip_network("192.0.2.1")])
    assert [rejected.line for rejected in parsed.rejected] == [2]
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_list(tmp_path / "nowhere")


def test_the_real_lists_are_read_whole(corpus: Path) -> None:
    files = [file for file in sorted((corpus / "addresses").iterdir()) if file.is_file()]
    assert files
    for file in files:
        parsed = read_list(file)
        stated = file.read_text().split()
        assert parsed.rejected == ()
        assert ranges(parsed) == ranges_of([ip_network(text) for text in stated])
