# SPDX-License-Identifier: GPL-2.0-or-later
"""Devices and tenants of a NetBox, asked through its REST API (NetBox 3.6 and later)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from ssl import SSLCertVerificationError
from typing import Any

import pynetbox

from enforcer.errors import EnforcerError
from enforcer.secrets import Secret
from inventory.import_schema import NetboxEntry
from inventory.netbox_facts import NetboxAway, NetboxDevice, NetboxFacts, NetboxRefused

TIMEOUT = 10.0
"""Seconds for a connection, and between two parts of an answer."""

_PAGE = 250
_DEVICES_A_QUESTION = 50
_UNUSED_PREFIXES = ("container", "deprecated")
_SERVER_FAULT = 500

Row = Mapping[str, Any]


def ask(
    entry: NetboxEntry, token: Secret, ca: str | None = None, timeout: float = TIMEOUT
) -> NetboxFacts:
    """What NetBox says now about what `entry` selects.

    `ca`: a file with the certificates to trust; None: the system's. Certificates are always
    verified. `timeout`: see `TIMEOUT`. Raises NetboxAway or NetboxRefused.
    """
    api = pynetbox.api(entry.url, token=token.reveal())
    # At each request: $REQUESTS_CA_BUNDLE wins over what a session says (requests#3829).
    verify = {} if ca is None else {"verify": ca}
    api.http_session.request = partial(api.http_session.request, timeout=timeout, **verify)
    try:
        devices = _devices(api, entry)
        return NetboxFacts(devices=devices, customers=_customers(api, entry))
    except pynetbox.RequestError as error:
        raise _of_answer(entry.url, error) from None
    except pynetbox.ContentError:
        raise NetboxAway(f"{entry.url} answers with something that is not NetBox's") from None
    except OSError as error:  # all errors of requests are such
        raise _of_network(entry.url, error) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        # pydantic's and json's errors are ValueErrors; a row of another shape is one of the rest
        raise NetboxAway(
            f"{entry.url} answers what this program does not understand"
            f" ({type(error).__name__}): NetBox 3.6 and later are known to work"
        ) from None


def _of_answer(url: str, error: pynetbox.RequestError) -> EnforcerError:
    status = int(error.req.status_code)
    said = f"{url} answers {status} {error.req.reason}"
    if status in (401, 403):
        return NetboxRefused(f"{said}: check the token, and that it may read what is imported")
    if status >= _SERVER_FAULT or status == 429:
        return NetboxAway(said)
    return NetboxRefused(f"{said}: check the URL and what the import selects")


def _of_network(url: str, error: BaseException) -> EnforcerError:
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    why = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, SSLCertVerificationError):
        return NetboxRefused(
            f"{url}: its certificate cannot be verified ({why}): name the file of the authority"
            " that signed it in 'ca'"
        )
    return NetboxAway(f"{url} cannot be reached: {why}")


def _rows(endpoint: Any, **query: Any) -> list[Row]:  # noqa: ANN401 - pynetbox has no types
    """All pages of an answer; raises NetboxAway when rows came or went between two of them."""
    records = endpoint.filter(limit=_PAGE, **query)
    rows: list[Row] = [dict(record) for record in records]
    if len(rows) != len(records) or len({row["id"] for row in rows}) != len(rows):
        raise NetboxAway(f"{endpoint.url} changed while it was read: try again")
    return rows


def _devices(api: Any, entry: NetboxEntry) -> list[NetboxDevice]:  # noqa: ANN401 - no types
    keys = {"role": entry.roles, "site": entry.sites, "tag": entry.tags, "status": entry.statuses}
    asked = {key: words for key, words in keys.items() if words}
    found = _rows(api.dcim.devices, **asked)
    rows = [row for row in found if row["name"] and _is_selected(row, entry)]
    addresses = _addresses(api, [row["id"] for row in rows])
    return [
        NetboxDevice(
            name=row["name"],
            platform=_slug(row["platform"]),
            site=_slug(row["site"]),
            role=_slug(_role(row)),
            addresses=[
                row[key]["address"].partition("/")[0]
                for key in ("primary_ip4", "primary_ip6")
                if row[key]
            ],
            interfaces=addresses.get(row["id"], {}),
        )
        for row in sorted(rows, key=lambda row: str(row["name"]))
    ]


def _role(row: Row) -> Row | None:
    role: Row | None = row["role"] if "role" in row else row["device_role"]  # before NetBox 4
    return role


def _is_selected(row: Row, entry: NetboxEntry) -> bool:
    """NetBox ignores a filter that it does not know, so its answer is checked."""
    stated = (
        (entry.roles, {_slug(_role(row))}),
        (entry.sites, {_slug(row["site"])}),
        (entry.statuses, {row["status"]["value"]}),
        (entry.tags, {_slug(tag) for tag in row["tags"]}),
    )
    return all(not wanted or found & set(wanted) for wanted, found in stated)


def _addresses(api: Any, devices: Sequence[int]) -> dict[int, dict[str, list[str]]]:  # noqa: ANN401 - no types
    """The addresses on each device's interfaces, by device and interface."""
    found: dict[int, dict[str, list[str]]] = {}
    for some in _portions(devices):
        for row in _rows(api.ipam.ip_addresses, device_id=some):
            interface = row["assigned_object"]
            place = found.setdefault(interface["device"]["id"], {})
            place.setdefault(interface["name"], []).append(row["address"])
    return found


def _portions(devices: Sequence[int]) -> Iterator[list[int]]:
    left = iter(devices)
    while some := list(islice(left, _DEVICES_A_QUESTION)):
        yield some


def _customers(api: Any, entry: NetboxEntry) -> dict[str, list[str]]:  # noqa: ANN401 - no types
    """Prefixes of the global table by their tenant's slug; tenants without one are left out."""
    groups = {"tenant_group": entry.tenant_groups} if entry.tenant_groups else {}
    found: dict[str, list[str]] = {}
    for row in _rows(api.ipam.prefixes, vrf_id="null", **groups):
        if row["tenant"] and not row["vrf"] and row["status"]["value"] not in _UNUSED_PREFIXES:
            found.setdefault(_slug(row["tenant"]), []).append(row["prefix"])
    return {name: list(dict.fromkeys(found[name])) for name in sorted(found)}


def _slug(record: Row | None) -> str:
    return str(record["slug"]) if record else ""
