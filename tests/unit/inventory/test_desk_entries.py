# SPDX-License-Identifier: GPL-2.0-or-later
"""Tenants, contacts, shared space, pools, infrastructure, feeds, sources, limits."""

from collections.abc import Callable
from ipaddress import ip_network
from pathlib import Path

import pytest

from enforcer.core.topology import (
    BrakeLimits,
    Contact,
    DynamicPool,
    Feed,
    SharedSpace,
    SourceLimits,
    Tenant,
)
from inventory.yaml_files import load

Complain = Callable[..., list[str]]

EVERYTHING = """\
customers:
  acme:
    prefixes: [198.51.100.0/24]
    tenants:
      shop:
        prefixes: [198.51.100.64/26]
        contacts: [{name: desk, channel: mail, address: abuse@shop.example}]
      blog: {prefixes: [198.51.100.7]}
shared:
  webhost: {prefixes: [198.51.100.8], users: [acme, shop, blog]}
  south: {prefixes: [203.0.113.0/26], kind: cgnat}
pools:
  dial: {prefixes: [203.0.113.64/26], lease: 12h}
protected:
  - {prefix: 192.0.2.53, reason: our own resolver}
infrastructure:
  dns: [192.0.2.53, {prefix: "2001:db8::53", reason: the other resolver}]
  controller: [192.0.2.5, 127.0.0.1]
feeds:
  drop: {source: lists/drop.txt, every: 30m, stale_after: 2d, widest4: 16, most: 5000}
  bogus: {source: "https://lists.example/b.csv", format: csv, column: address}
sources:
  "*": {longest: 30d, active: 100, per_minute: 10}
  cli: {widest4: null}
limits:
  brake: {rows: 50, percent: 5, floor: 3}
"""


def test_everything_about_the_desk(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(EVERYTHING)
    topology = load(tmp_path)
    assert topology.customers["acme"].tenants == (
        Tenant(
            "shop",
            (ip_network("198.51.100.64/26"),),
            (Contact("desk", "mail", "abuse@shop.example"),),
        ),
        Tenant("blog", (ip_network("198.51.100.7/32"),)),
    )
    assert topology.shared == (
        SharedSpace(
            "webhost", (ip_network("198.51.100.8/32"),), "shared", ("acme", "shop", "blog")
        ),
        SharedSpace("south", (ip_network("203.0.113.0/26"),), "cgnat"),
    )
    assert topology.pools == (DynamicPool("dial", (ip_network("203.0.113.64/26"),), 43_200),)
    assert topology.feeds == {
        "drop": Feed(
            "drop", str(tmp_path / "lists" / "drop.txt"), 1800, 172_800, widest4=16, most=5000
        ),
        "bogus": Feed("bogus", "https://lists.example/b.csv", format="csv", column="address"),
    }
    assert topology.sources == {
        "*": SourceLimits("*", 2_592_000, 100, 10),
        "cli": SourceLimits("cli", widest4=None),
    }
    assert topology.brake == BrakeLimits(50, 5.0, 3)


def test_infrastructure_is_protected_with_its_origin(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(EVERYTHING)
    assert [(str(p.prefix), p.reason, p.origin) for p in load(tmp_path).protected] == [
        ("192.0.2.53/32", "our own resolver", "stated"),
        ("192.0.2.5/32", "the controller", "controller"),
        ("2001:db8::53/128", "the other resolver", "dns"),
    ]


ORIGINS = ("controller", "ix", "aaa", "dns", "ntp", "syslog", "database", "identity")


@pytest.mark.parametrize("origin", ORIGINS)
def test_each_kind_of_infrastructure(tmp_path: Path, origin: str) -> None:
    (tmp_path / "a.yaml").write_text(f"infrastructure: {{{origin}: [192.0.2.9]}}\n")
    (protected,) = load(tmp_path).protected
    assert protected.origin == origin and protected.reason


def test_sections_are_spread_over_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("infrastructure: {ntp: [192.0.2.1]}\n")
    (tmp_path / "b.yaml").write_text("infrastructure: {aaa: [192.0.2.2], ntp: [192.0.2.3]}\n")
    found = [str(p.prefix.network_address) for p in load(tmp_path).protected]
    assert found == ["192.0.2.2", "192.0.2.1", "192.0.2.3"]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("shared: {s: {prefixes: [192.0.2.1]}}", "shared.s: expected 'users'"),
        ("shared: {s: {prefixes: [192.0.2.1], users: []}}", "shared.s: expected 'users'"),
        ("shared: {s: {prefixes: [], kind: cgnat}}", "shared.s.prefixes: expected at least one"),
        ("shared: {s: {prefixes: [192.0.2.1], kind: cgn}}", "did you mean 'cgnat'?"),
        (
            "shared: {s: {prefixes: [192.0.2.1], users: [amce]}}",
            "shared.s.users[0]: no customer and no tenant 'amce'; did you mean 'acme'?",
        ),
        (
            "shared: {s: {prefixes: [192.0.2.1], users: [shoop]}}",
            "no customer and no tenant 'shoop'; did you mean 'shop'?",
        ),
        ("pools: {p: {prefixes: [192.0.2.0/24]}}", "pools.p.lease: 'lease' is missing"),
        ("pools: {p: {prefixes: [192.0.2.0/24], lease: 12}}", "expected a duration such as"),
        ("pools: {p: {prefixes: [192.0.2.0/24], lease: '12'}}", "did you mean 12m or 12h?"),
        (
            "pools: {p: {prefixes: [192.0.2.0/24], lease: 1h},"
            " q: {prefixes: [192.0.2.8/29], lease: 1h}}",
            "pools.q.prefixes[0]: 192.0.2.8/29 overlaps the pool 'p'",
        ),
        ("infrastructure: {dsn: [192.0.2.1]}", "infrastructure.dsn: unknown key; did you mean"),
        ("infrastructure: {dns: 192.0.2.1}", "infrastructure.dns: expected a list"),
        ("infrastructure: {dns: [192.0.2.1/24]}", "infrastructure.dns[0].prefix: '192.0.2.1/24'"),
        ("infrastructure: {dns: [7]}", "infrastructure.dns[0]: expected an address or a prefix"),
        ("infrastructure: {dns: [{reason: x}]}", "'prefix' is missing"),
        ("infrastructure: {dns: [{prefix: 192.0.2.1, raeson: x}]}", "did you mean 'reason'?"),
        ("feeds: {Spam: {source: a}}", "feeds.Spam: expected a list's name: lower-case letters"),
        ("feeds: {'my list': {source: a}}", "found 'my list'"),
        ("feeds: {f: {every: 1h}}", "feeds.f.source: 'source' is missing"),
        ("feeds: {f: {source: 'http://lists.example/a'}}", "feeds.f.source: expected an https URL"),
        ("feeds: {f: {source: 'https://me:hunter2@lists.example/a'}}", "secrets are not written"),
        ("feeds: {f: {source: 'https:///a'}}", "feeds.f.source: the URL names no host"),
        ("feeds: {f: {source: 'https://[a/'}}", "feeds.f.source: this is not a URL"),
        ("feeds: {f: {source: ''}}", "feeds.f.source: expected a path or an https URL"),
        ("feeds: {f: {source: a, every: 1d, stale_after: 1h}}", "'stale_after' is shorter"),
        ("feeds: {f: {source: a, format: cvs}}", "did you mean 'csv'?"),
        ("feeds: {f: {source: a, format: plain, column: b}}", "'column' means nothing"),
        ("feeds: {f: {source: a, widest4: 33}}", "expected a number of at most 32, found 33"),
        ("feeds: {f: {source: a, widest6: -1}}", "expected a number of at least 0, found -1"),
        ("feeds: {f: {source: a, most: 0}}", "expected a number above 0, found 0"),
        ("feeds: {f: {source: a, evrey: 1h}}", "did you mean 'every'?"),
        ("sources: {'a b': {}}", "sources.a b: expected a source's name"),
        ("sources: {cli: {longest: forever}}", "'forever' is not a duration"),
        ("sources: {cli: {actve: 1}}", "did you mean 'active'?"),
        ("sources: {cli: {active: many}}", "expected a whole number, found 'many'"),
        ("limits: {brake: {percent: 101}}", "expected a number of at most 100, found 101"),
        ("limits: {brake: {percent: much}}", "expected a number, found 'much'"),
        ("limits: {brake: {rows: -1}}", "expected a number of at least 0, found -1"),
        ("limits: {brake: {row: 1}}", "did you mean 'rows'?"),
        ("limits: {brakes: {rows: 1}}", "did you mean 'brake'?"),
    ],
)
def test_what_is_refused(complaints: Complain, text: str, expected: str) -> None:
    people = (
        "customers: {acme: {prefixes: [198.51.100.0/24],"
        " tenants: {shop: {prefixes: [198.51.100.1]}}}}\n"
    )
    problems = complaints(a=people, b=f"# one line above\n{text}\n")
    assert any(expected in problem for problem in problems), problems
    assert all(problem.startswith("b.yaml:2: ") for problem in problems), problems
    assert "hunter2" not in "".join(problems)


@pytest.mark.parametrize(
    "tenants, expected",
    [
        (
            "{shop: {prefixes: [203.0.113.1]}}",
            "a.yaml:4: customers.acme.tenants.shop.prefixes[0]: 203.0.113.1 is not inside of"
            " acme's prefixes (198.51.100.0/24, 2001:db8:1::/48)",
        ),
        (
            "{shop: {prefixes: [198.51.0.0/16]}}",
            "198.51.0.0/16 is not inside of acme's prefixes",
        ),
        (
            "{shop: {prefixes: ['2001:db8:2::/64']}}",
            "2001:db8:2::/64 is not inside of acme's prefixes",
        ),
        (
            "{shop: {prefixes: [198.51.100.1]}, blog: {prefixes: [198.51.100.1]}}",
            "blog.prefixes[0]: 198.51.100.1 is already used by 'shop'; state in 'shared'",
        ),
        ("{shop: {prefixes: [198.51.100.1, 198.51.100.1]}}", "198.51.100.1 is given twice"),
        ("{shop: {prefixes: []}}", "expected at least one entry"),
        ("{acme: {prefixes: [198.51.100.1]}}", "the tenant has its customer's name"),
        ("{shop: {prefix: [198.51.100.1]}}", "unknown key; did you mean 'prefixes'?"),
    ],
)
def test_tenants_are_inside(complaints: Complain, tenants: str, expected: str) -> None:
    problems = complaints(
        a="customers:\n  acme:\n    prefixes: [198.51.100.0/24, '2001:db8:1::/48']\n"
        f"    tenants: {tenants}\n"
    )
    assert any(expected in problem for problem in problems), problems


def test_a_tenant_may_have_everything_of_its_customer(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(
        "customers: {a: {prefixes: ['2001:db8::/48'], tenants: {b: {prefixes: ['2001:db8::/48']}}}}"
    )
    assert load(tmp_path).customers["a"].tenants[0].prefixes == (ip_network("2001:db8::/48"),)


@pytest.mark.parametrize(
    "contact, expected",
    [
        ("{channel: mail, address: a@b.example}", "'name' is missing"),
        ("{name: n, channel: mail, address: nobody}", "expected a mail address such as"),
        ("{name: n, channel: mail, address: 'a b@c'}", "expected a mail address such as"),
        ("{name: n, channel: phone, address: ring twice}", "expected a number such as"),
        ("{name: n, channel: phone, address: 5550100}", "expected text, found 5550100; put it in"),
        ("{name: n, channel: fax, address: '1'}", "expected 'mail', 'phone' or 'pager'"),
    ],
)
def test_contacts_can_be_reached(complaints: Complain, contact: str, expected: str) -> None:
    (problem,) = complaints(
        a=f"customers:\n  c:\n    prefixes: [192.0.2.0/24]\n    contacts:\n    - {contact}\n"
    )
    assert problem.startswith("a.yaml:5: customers.c.contacts[0]")
    assert expected in problem


@pytest.mark.parametrize(
    "text",
    [
        "shared: {s: {prefixes: [192.0.2.1], kind: cgnat}}",
        "pools: {s: {prefixes: [192.0.2.1], lease: 1h}}",
        "feeds: {s: {source: a}}",
        "sources: {s: {}}",
    ],
)
def test_names_are_defined_once(complaints: Complain, tmp_path: Path, text: str) -> None:
    section = text.partition(":")[0]
    problems = complaints(a=text, b=text)
    assert f"b.yaml:1: {section}.s: already defined in {tmp_path}/a.yaml:1" in problems


def test_the_brake_is_stated_once(complaints: Complain, tmp_path: Path) -> None:
    text = "limits: {brake: {rows: 1}}"
    expected = f"b.yaml:1: limits.brake: already stated in {tmp_path}/a.yaml:1"
    assert complaints(a=text, b=text) == [expected]


def test_one_mistake_in_the_last_file_and_nothing_is_loaded(complaints: Complain) -> None:
    (problem,) = complaints(a=EVERYTHING, z="pools: {p: {prefixes: [192.0.2.1], lease: 0h}}\n")
    assert problem.startswith("z.yaml:1: pools.p.lease: '0h' is no time at all")
