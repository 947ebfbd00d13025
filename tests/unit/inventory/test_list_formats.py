# SPDX-License-Identifier: GPL-2.0-or-later
"""Lists as CSV and JSON lines: the named column counts, and what is not certain is rejected."""

from __future__ import annotations

import csv
import io
import json
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enforcer.errors import InvalidInput
from inventory.list_files import ParsedList, parse_list
from inventory.list_formats import detected

FEED = (
    '# fetched "today\n'
    "\n"
    "first_seen,dst_ip,port,what\r\n"
    '2026-11-01,192.0.2.1,443,"a ""quoted"" word, and a comma"\n'
    '2026-11-02,"198.51.100.0/24",80,"two\n'
    '# lines"\n'
    "# a comment\n"
    "2026-11-03, 2001:db8::1 ,80,x\n"
)


def entries(parsed: ParsedList) -> list[str]:
    v4 = [str(IPv4Address(low)) for _, low in parsed.v4_first.tolist()]
    return [*v4, *(f"{high:x}:{low:x}" for high, low in parsed.v6_first.tolist())]


def test_a_column_is_found_by_its_name() -> None:
    parsed = parse_list(FEED)
    assert entries(parsed) == ["192.0.2.1", "198.51.100.0", "20010db800000000:1"]
    assert parsed.rejected == ()
    assert parsed.v4.line.tolist() == [4, 5]
    assert parsed.v6.line.tolist() == [8]
    assert parsed.lines == 8


def test_a_named_column_wins() -> None:
    text = "ip,victim\n192.0.2.1,198.51.100.1\n"
    assert entries(parse_list(text)) == ["192.0.2.1"]
    assert entries(parse_list(text, "csv", "Victim")) == ["198.51.100.1"]
    assert entries(parse_list(text, column="victim")) == ["198.51.100.1"]


@pytest.mark.parametrize(
    "row, reason",
    [
        ("192.0.2.2,x,y", "has 3 columns where the header has 2"),
        ("192.0.2.2", "has 1 columns"),
        (",x", "nothing in the column 'ip'"),
        ('"192.0.2.2"3,x', "is no CSV"),
        ("192.0.2.2/24,x", "has host bits set"),
        ('"192.0.2.2,192.0.2.3",x', "two addresses"),
    ],
)
def test_a_row_that_is_not_certain_is_rejected(row: str, reason: str) -> None:
    parsed = parse_list(f"ip,what\n192.0.2.1,x\n{row}\n192.0.2.9,x\n")
    (rejected,) = parsed.rejected
    assert rejected.line == 3
    assert reason in rejected.reason
    assert entries(parsed) == ["192.0.2.1", "192.0.2.9"]


@pytest.mark.parametrize(
    "text, column, reason",
    [
        ("a,b\n1,2\n", "", "which column holds the addresses.*a, b"),
        ("addres,b\n1,2\n", "address", "did you mean 'addres'"),
        ("ip,ip\n1,2\n", "", "twice"),
        ('ip,b\n192.0.2.1,"never closed\n192.0.2.2,x\n192.0.2.3,x\n', "", "line 2.*never closed"),
        ('"ip,b\n', "", "line 1.*never closed"),
        ('"ip"x,b\n', "", "line 1.*no CSV"),
    ],
)
def test_a_csv_that_cannot_be_told_from_another_is_refused(
    text: str, column: str, reason: str
) -> None:
    with pytest.raises(InvalidInput, match=reason):
        parse_list(text, "csv", column)


def test_a_csv_without_rows() -> None:
    assert len(parse_list("ip,what\n", "csv")) == 0
    assert len(parse_list("# nothing\n", "csv")) == 0


def test_json_lines() -> None:
    text = '# c\n{"ip":"192.0.2.1","n":1}\n\n{"cidr":"198.51.100.0/24"}\n{"value":"2001:db8::1"}\n'
    parsed = parse_list(text)
    assert entries(parsed) == ["192.0.2.1", "198.51.100.0", "20010db800000000:1"]
    assert parsed.v4.line.tolist() == [2, 4]
    assert entries(parse_list('{"ip":"192.0.2.1","x":"192.0.2.9"}', column="x")) == ["192.0.2.9"]


@pytest.mark.parametrize(
    "line, reason",
    [
        ("{", "is not JSON"),
        ('"192.0.2.1"', "is not a JSON object"),
        ("[" * 100_000, "is not JSON"),
        ('{"ip":' + "9" * 5000 + "}", "is not JSON"),
        ('{"ip":"192.0.2.1","ip":"192.0.2.2"}', "a member twice"),
        ('{"host":"192.0.2.1"}', "has no member ip or cidr"),
        ('{"ip":null}', "has no text in the member 'ip'"),
        ('{"ip":["192.0.2.1"]}', "has no text"),
        ('{"ip":""}', "has no text"),
        ('{"ip":"192.0.2.1 192.0.2.2"}', "not an IPv4"),
        ("192.0.2.1", "is not JSON"),
    ],
)
def test_a_line_that_is_not_certain_is_rejected(line: str, reason: str) -> None:
    parsed = parse_list(f'{{"ip":"192.0.2.1"}}\n{line}\n', "jsonl")
    (rejected,) = parsed.rejected
    assert rejected.line == 2
    assert reason in rejected.reason
    assert entries(parsed) == ["192.0.2.1"]


@pytest.mark.parametrize(
    "line, form",
    [
        ("192.0.2.1", "plain"),
        ("192.0.2.1,2026,ip", "plain"),
        ("ip", "plain"),
        ("IP,when", "csv"),
        ('"when","prefix"', "csv"),
        ('{"ip": "192.0.2.1"}', "jsonl"),
        ("; SBL\n  # c\n\nip,x", "csv"),
        ("", "plain"),
    ],
)
def test_the_form_is_told_by_the_first_line_that_says_something(line: str, form: str) -> None:
    assert detected(line.split("\n")) == form


def test_what_cannot_be_a_list_is_refused_as_a_whole() -> None:
    with pytest.raises(InvalidInput, match="JSON array"):
        parse_list('[{"ip": "192.0.2.1"}]')
    with pytest.raises(InvalidInput, match="no list format 'xml': use auto, plain"):
        parse_list("<a/>", "xml")
    with pytest.raises(InvalidInput, match="no columns"):
        parse_list("192.0.2.1", "plain", "ip")


# A line that begins with # before a row is a comment.
_notes = st.text(st.characters(exclude_categories=["Cs"]), max_size=12).filter(
    lambda text: not text.lstrip().startswith("#")
)
rows_s = st.lists(
    st.tuples(st.integers(2**24, 2**26), _notes),
    max_size=20,
)


@given(rows_s)
def test_what_others_write_is_read_whole(rows: list[tuple[int, str]]) -> None:
    stated = [(str(IPv4Address(number)), text) for number, text in rows]
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerows([("note", "ip"), *((text, ip) for ip, text in stated)])
    objects = "\n".join(json.dumps({"note": text, "address": ip}) for ip, text in stated)
    expected = sorted({number for number, _ in rows})
    for text, form in ((file.getvalue(), "csv"), (objects, "jsonl")):
        parsed = parse_list(text, form)
        assert parsed.rejected == (), form
        assert [low for _, low in parsed.v4_first.tolist()] == expected
