# SPDX-License-Identifier: GPL-2.0-or-later
"""The report of an import, as stored and as told."""

from __future__ import annotations

import pytest

from enforcer.core.list_report import ListReport, ReportLine, decoded
from enforcer.errors import StorageError

LINE = ReportLine(3, "192.0.2.5/24", "host-bits", "has host bits set")
REPORT = ListReport({"host-bits": 1, "garbage": 2}, 4, 1, (LINE,))


def test_a_report_comes_back_as_it_was() -> None:
    assert decoded(REPORT.encoded()) == REPORT
    assert decoded(ListReport().encoded()) == ListReport()


def test_equal_reports_are_equal_bytes() -> None:
    other = ListReport({"garbage": 2, "host-bits": 1}, 4, 1, (LINE,))
    assert other.encoded() == REPORT.encoded()


def test_the_totals_count_what_is_not_listed() -> None:
    assert REPORT.texts() == [
        "3 rejected (2 garbage, 1 host-bits), 4 duplicate, 1 partly withheld",
        "line 3: 192.0.2.5/24: has host bits set",
        "and 7 more that were not kept",
    ]


def test_nothing_to_report_is_false() -> None:
    assert not ListReport()
    assert ListReport(duplicates=1)
    assert ListReport(withheld=1)


@pytest.mark.parametrize("stored", [b"", b"{}", b"[]", b'{"rejected":{},"lines":[[1]]}', b"\xff"])
def test_a_damaged_report_says_so(stored: bytes) -> None:
    with pytest.raises(StorageError, match="report of this list version"):
        decoded(stored)
