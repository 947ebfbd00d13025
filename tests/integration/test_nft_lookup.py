# SPDX-License-Identifier: GPL-2.0-or-later
"""Asking the kernel for single elements, hosts and ranges, tells what a dump tells."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.nftables.netlink import encode
from drivers.nftables.netlink.columns import NewElements, SetRef
from drivers.nftables.netlink.socket import NftSocket
from tests.integration.nft_kernel import DEFINITIONS, SETS, Nft
from tests.unit.drivers.nftables.netlink_rows import Row, columns, rows, to_columns, to_rows

pytestmark = pytest.mark.root

REUSED = [HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module")
def namespace(root: None) -> Iterator[str]:
    name = f"nl-{uuid.uuid4().hex[:10]}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    yield name
    subprocess.run(["ip", "netns", "delete", name], check=True)


@pytest.fixture(scope="module")
def context(namespace: str) -> Nft:
    return Nft(namespace)


@pytest.fixture
def nft(context: Nft) -> Nft:
    context.run("flush ruleset\n" + DEFINITIONS)
    return context


@pytest.fixture
def kernel(namespace: str) -> Iterator[NftSocket]:
    with NftSocket.open(namespace) as opened:
        yield opened


@settings(suppress_health_check=REUSED, max_examples=20)
@given(
    there=st.sets(st.integers(0, 2_000), max_size=1_500),
    asked=st.lists(st.integers(0, 2_000), unique=True, max_size=60),
    hopes=st.sets(st.integers(0, 2_000)) | st.none(),
)
def test_lookup_equals_the_dump(
    nft: Nft, kernel: NftSocket, there: set[int], asked: list[int], hopes: set[int] | None
) -> None:
    """Whatever was said to be likely there."""
    kernel.commit([encode.flush_elements(SETS["h4"])])
    held = [Row(n, n, 3_600_000, f"N{n}") for n in sorted(there)]
    if held:
        kernel.commit(encode.add_elements(SETS["h4"], to_columns(held)))
    keys = columns(asked)
    likely = None if hopes is None else np.array([n in hopes or n in there for n in asked], bool)
    present, found = kernel.lookup(SETS["h4"], NewElements(keys, keys), likely)
    assert present.tolist() == [n in there for n in asked]
    assert to_rows(found) == [Row(n, n, 3_600_000, f"N{n}") for n in asked if n in there]


def test_lookup_of_more_keys_than_are_asked_at_once(nft: Nft, kernel: NftSocket) -> None:
    held = to_columns([Row(n, n) for n in range(2_345)])
    kernel.commit(encode.add_elements(SETS["h4"], held))
    for likely in (None, np.ones(len(held), np.bool_)):
        present, found = kernel.lookup(SETS["h4"], held, likely)
        assert present.all()
        assert to_rows(found) == [Row(n, n) for n in range(2_345)]


@pytest.mark.parametrize("name, bits", [("r4", 32), ("r6", 128), ("d4", 32)])
@settings(suppress_health_check=REUSED, max_examples=60)
@given(choose=st.data())
def test_lookup_of_ranges_equals_the_dump(
    nft: Nft, kernel: NftSocket, name: str, bits: int, choose: st.DataObject
) -> None:
    target, counted, top = SETS[name], name == "d4", 2**bits - 1
    wanted = choose.draw(rows(bits, True, counted, tick=1000))
    kernel.commit([encode.flush_elements(target)])
    if wanted:
        kernel.commit(encode.add_elements(target, to_columns(wanted, counted)))
    gone = choose.draw(st.sets(st.sampled_from(wanted))) if wanted else set()
    if gone:
        kernel.commit(encode.delete_elements(target, to_columns(sorted(gone))))
    shifts = (-1, 0, 1)
    near = {(r.first + a, r.last + b) for r in wanted for a in shifts for b in shifts}
    asked = sorted((a, b) for a, b in near if 0 <= a < b <= top)
    keys = NewElements(columns([a for a, _ in asked]), columns([b for _, b in asked]))
    there = {(row.first, row.last): row for row in to_rows(kernel.elements(target))}
    hopes = choose.draw(st.none() | st.lists(st.booleans(), min_size=len(asked)))
    likely = None if hopes is None else np.array(hopes[: len(asked)], np.bool_)
    answer = kernel.lookup_ranges(target, keys, likely)
    if any(b == top for _, b in asked):
        assert answer is None
        return
    assert answer is not None
    present, found = answer
    assert present.tolist() == [span in there for span in asked]
    assert to_rows(found) == [there[span] for span in asked if span in there]


@settings(suppress_health_check=REUSED, max_examples=60)
@given(choose=st.data())
def test_counters_around_addresses_equal_the_dump(
    nft: Nft, kernel: NftSocket, choose: st.DataObject
) -> None:
    target = SETS["d4"]
    wanted = choose.draw(rows(32, True, counted=True, tick=1000))
    kernel.commit([encode.flush_elements(target)])
    if wanted:
        kernel.commit(encode.add_elements(target, to_columns(wanted, counted=True)))
    gone = choose.draw(st.sets(st.sampled_from(wanted))) if wanted else set()
    if gone:
        kernel.commit(encode.delete_elements(target, to_columns(sorted(gone))))
    near = {n + by for row in wanted for n in (row.first, row.last) for by in (-1, 0, 1)}
    asked = sorted(n for n in near if 0 <= n < 2**32)
    found = kernel.counters_around(target, columns(asked))
    assert found is not None
    there = to_rows(kernel.elements(target))
    met = [row for row in there if any(row.first <= n <= row.last for n in asked)]
    assert sorted(map(tuple, found.tolist())) == sorted((r.packets, r.octets) for r in met)


def test_lookup_in_a_set_that_is_not_there(nft: Nft, kernel: NftSocket) -> None:
    keys = NewElements(columns([1, 7]), columns([4, 9]))
    for missing in (SetRef("t", "nope", 4), SetRef("nope", "r4", 4, True)):
        for likely in (None, np.ones(len(keys), np.bool_)):
            answer = kernel.lookup_ranges(missing, keys, likely)
            assert answer is not None
            assert not answer[0].any()
            assert not kernel.lookup(missing, keys, likely)[0].any()
