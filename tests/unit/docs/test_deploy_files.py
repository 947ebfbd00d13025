# SPDX-License-Identifier: GPL-2.0-or-later
"""What is shipped to run the service: the unit's rights, containers, the proxy."""

from __future__ import annotations

import re
from typing import Any

import yaml

from tests.unit.docs.pages import DOCS

DEPLOY = DOCS / "deploy"


def unit(name: str) -> dict[str, list[str]]:
    """Every key of a unit file with its values, in order; an empty one resets."""
    found: dict[str, list[str]] = {}
    for line in (DEPLOY / name).read_text(encoding="utf-8").splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def test_the_unit_has_no_capability_and_writes_only_its_state() -> None:
    stated = unit("enforcer.service")
    assert stated["CapabilityBoundingSet"] == stated["AmbientCapabilities"] == [""]
    assert stated["NoNewPrivileges"] == stated["ProtectHome"] == ["yes"]
    assert stated["ProtectSystem"] == ["strict"]
    assert stated["StateDirectory"] == ["enforcer"]
    assert stated["User"] == ["enforcer"]
    assert "ReadWritePaths" not in stated
    assert "AF_NETLINK" not in stated["RestrictAddressFamilies"][0]


def test_the_drop_in_for_nftables_adds_one_capability() -> None:
    stated = unit("enforcer-nftables.conf")
    assert stated["CapabilityBoundingSet"] == stated["AmbientCapabilities"] == ["CAP_NET_ADMIN"]


def test_containers_hold_no_secret_and_say_that_they_were_not_run() -> None:
    text = (DEPLOY / "compose.yml").read_text(encoding="utf-8")
    services: dict[str, Any] = yaml.safe_load(text)["services"]
    assert {"database", "initialise", "first", "second"} == set(services)
    assert "POSTGRES_PASSWORD" not in services["database"]["environment"]
    for name in ("first", "second"):
        assert services[name]["cap_drop"] == ["ALL"]
        assert all(port.startswith("127.0.0.1:") for port in services[name]["ports"])
    for name in ("compose.yml", "Dockerfile"):
        said = (DEPLOY / name).read_text(encoding="utf-8")
        assert "not run where this project is tested" in said
    assert re.search(r"^USER enforcer$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)


def test_the_proxy_passes_no_claim_of_a_client_on_and_keeps_numbers_inside() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    assert re.search(r"X-Forwarded-For\s+\$remote_addr;", text)
    assert "proxy_add_x_forwarded_for" not in text
    assert re.search(r"location = /metrics \{\s+return 404;", text)
    assert re.findall(r"client_max_body_size (\w+);", text) == ["8m", "64m"]
    assert re.search(r"location ~ \S*lists\S* \{\s+client_max_body_size 64m;", text)
    assert re.search(r"location = /api/v1/events \{[^}]*proxy_buffering off;", text)
