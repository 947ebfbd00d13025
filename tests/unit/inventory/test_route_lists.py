# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists of routes in every form in which they come; a line that cannot be read stops all of it."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.errors import InvalidInput
from inventory.route_lists import covering_routes, exact_routes

FORMS = {
    "plain": "# leaked\n192.0.2.0/24\n\n2001:db8::/32 # six\n198.51.100.7\n",
    "tsv": "192.0.2.0/24\t64500 64501\n2001:db8::/32\t64500\n198.51.100.7/32\t\n",
    "csv": "asn,prefix,seen\n64500,192.0.2.0/24,1\n64500,2001:db8::/32,2\n1,198.51.100.7/32,3\n",
    "quoted csv": '"ASN","IP Prefix"\n"1","192.0.2.0/24"\n"1","2001:db8::/32"\n1,198.51.100.7\n',
    "json": '{ "NN": [\n  { "prefix": "192.0.2.0\\/24", "exact": true },\n'
    '  { "prefix": "2001:db8::\\/32", "exact": true },\n'
    '  { "prefix": "198.51.100.7\\/32", "exact": true }\n] }\n',
    "cisco": "no ip prefix-list NN\nip prefix-list NN permit 192.0.2.0/24\n"
    "no ipv6 prefix-list NN\nipv6 prefix-list NN seq 5 permit 2001:db8::/32\n"
    "ip prefix-list NN permit 198.51.100.7/32\n",
    "bird": "NN = [\n    192.0.2.0/24,\n    2001:db8::/32, 198.51.100.7/32\n];\n",
    "bird in one line": "define NN = [ 192.0.2.0/24, 2001:db8::/32, 198.51.100.7/32 ];\n",
    "rpsl": "% a server\n\nroute:          192.0.2.0/24\ndescr:          Example\n"
    "                goes on\norigin:         AS64500\nsource:         TEST\n\n"
    "route6:         2001:db8::/32\norigin:         AS64500\n\n"
    "route:198.51.100.7/32 # one host\norigin: AS64500\n",
    "windows": "\ufeff192.0.2.0/24\r\n2001:db8::/32\r\n198.51.100.7\r\n",
}
EXPECTED = tuple(map(ip_network, ("192.0.2.0/24", "2001:db8::/32", "198.51.100.7/32")))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_states_the_same(form: str) -> None:
    assert exact_routes(FORMS[form]) == EXPECTED
    assert covering_routes(FORMS[form]) == EXPECTED


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("192.0.2.0/24\nnonsense\n", "line 2: 'nonsense'"),
        ("192.0.2.0/24\n192.0.2.1/24\n", "line 2: '192.0.2.1/24' has host bits"),
        ("asn,prefix\n64500,192.0.2.0/24\n64500\n", "line 3: has no column 2"),
        ("prefix\n192.0.2.0/33\n", "line 2: '192.0.2.0/33' has no valid prefix length"),
        ('{"NN": [{"prefix": "192.0.2.0/24"},\n {"prefix": ]}\n', "line 2: is no JSON"),
        ('{"NN": [{"prefix": "192.0.2.0/24"}, {"net": "x"}]}', "entry 2: has no 'prefix'"),
        ('{"NN": [{"prefix": "192.0.2.1/24"}]}', "entry 1: '192.0.2.1/24' has host bits"),
        ('{"NN": {"prefix": "192.0.2.0/24"}}', "is no list of routes"),
        ("[" * 100_000, "nested too deeply"),
        ("route: 192.0.2.0/24\norigin: AS1\nsurprise\n", "line 3: 'surprise' is no attribute"),
        ("route: 192.0.2.0/24\nroute: 192.0.2.0/24 192.0.3.0/24\n", "line 2"),
        ("ip prefix-list A permit 192.0.2.0/24\nip route 0.0.0.0/0\n", "line 2: 'ip route"),
        ("ip prefix-list A deny 192.0.2.0/24\n", "line 1: denies 192.0.2.0/24"),
        ("NN = [ 192.0.2.0/24, x ];\n", "line 1: 'x'"),
        ("", "no prefix in it"),
        ("# nothing\n", "no prefix in it"),
        ("ip prefix-list NN deny 0.0.0.0/0\n", "no prefix in it"),
        ('{"NN": []}', "no prefix in it"),
    ],
)
def test_what_cannot_be_read_says_where_and_leaves_nothing(text: str, says: str) -> None:
    with pytest.raises(InvalidInput) as problem:
        exact_routes(text)
    assert says in str(problem.value)


@pytest.mark.parametrize(
    "text",
    [
        "ip prefix-list NN permit 192.0.2.0/24 le 28\n",
        "NN = [ 192.0.2.0/24{24,28} ];\n",
        "NN = [ 192.0.2.0/24+ ];\n",
        '{"NN": [{"prefix": "192.0.2.0/24", "exact": false, "less-equal": 28}]}',
        '{"NN": [{"prefix": "192.0.2.0/24", "exact": false}]}',
    ],
)
def test_a_range_of_lengths_is_no_single_route(text: str) -> None:
    with pytest.raises(InvalidInput, match="longer prefixes too"):
        exact_routes(text)
    assert covering_routes(text) == (ip_network("192.0.2.0/24"),)


def test_a_prefix_is_listed_once_and_the_default_route_may_be() -> None:
    text = "0.0.0.0/0\n192.0.2.0/24\n0.0.0.0/0\n::/0\n192.0.2.0/24\t64500\n"
    assert exact_routes(text) == tuple(map(ip_network, ("0.0.0.0/0", "192.0.2.0/24", "::/0")))


_NETWORKS = st.one_of(
    st.ip_addresses(v=4).map(ip_network),
    st.builds(
        lambda a, n: ip_network((a, n), strict=False), st.ip_addresses(v=4), st.integers(0, 32)
    ),
    st.builds(
        lambda a, n: ip_network((a, n), strict=False),
        st.ip_addresses(network="2001:db8::/32"),
        st.integers(97, 128),
    ),
)


@given(st.lists(_NETWORKS, min_size=1, unique=True))
def test_what_is_written_plainly_is_read_again(networks: list[object]) -> None:
    assert exact_routes("\n".join(map(str, networks))) == tuple(networks)


@given(st.text(max_size=200))
def test_no_text_ends_in_another_error(text: str) -> None:
    try:
        exact_routes(text)
    except InvalidInput:
        return


def test_a_real_leak_is_read_whole(corpus: Path) -> None:
    for file in sorted((corpus / "routes").glob("*.tsv")):
        text = file.read_text(encoding="utf-8")
        stated = dict.fromkeys(line.split("\t")[0] for line in text.splitlines())
        assert exact_routes(text) == tuple(map(ip_network, stated))
    assert len(exact_routes((corpus / "routes" / _LARGEST).read_text(encoding="utf-8"))) == 49_048


_LARGEST = "ris_rrc15_2010-02-27_prefixes.tsv"
