# SPDX-License-Identifier: GPL-2.0-or-later
"""A report as one page of HTML: nothing from elsewhere, nothing that runs, fit to print.

Every text is escaped where it is put in: reasons and tickets are written by anybody.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

_STYLE = """
body{font:11pt/1.4 serif;max-width:60em;margin:2em auto;padding:0 1em;color:#000;background:#fff}
h1,h2,h3{font-family:sans-serif;line-height:1.2}
table{border-collapse:collapse;width:100%;margin:.5em 0;font-size:10pt}
th,td{border:1px solid #999;padding:.2em .5em;text-align:left;vertical-align:top;
overflow-wrap:anywhere}
th{background:#eee}
pre,code{font:9pt/1.3 monospace;white-space:pre-wrap;overflow-wrap:anywhere}
section{break-inside:auto}
h2,h3{break-after:avoid}
tr{break-inside:avoid}
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

Document = Mapping[str, Any]


def page(document: Document) -> str:
    """The page of the document that `enforcer.usecases.report` makes."""
    title = f"Report: {document['subject']}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        _facts(
            {
                "Made": document["made_at"],
                "Controller": document["controller"],
                "Orders": len(document["orders"]),
            }
        ),
        _customer(document.get("customer")),
        *(_order(order) for order in document["orders"]),
        _section("Alarms", _events(document["alarms"])),
        _chain(document["chain"]),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        f"<title>{_text(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _text(value: object) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, (dict, list, tuple)):
        return escape(json.dumps(_cut(value), ensure_ascii=False, sort_keys=True))
    return escape(str(value))


_MANY, _SOME = 100, 10


def _cut(value: object) -> object:
    """`value` with its long lists cut: all of them stand in the body of the chain's entry."""
    if isinstance(value, dict):
        return {key: _cut(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        kept = value if len(value) <= _MANY else value[:_SOME]
        more = len(value) - len(kept)
        return [*map(_cut, kept), *([f"and {more:,} more"] if more else [])]
    return value


def _section(title: str, body: str) -> str:
    return f"<section>\n<h2>{_text(title)}</h2>\n{body}\n</section>"


def _facts(facts: Mapping[str, object]) -> str:
    rows = (
        f"<tr><th>{_text(name)}</th><td>{_text(value)}</td></tr>" for name, value in facts.items()
    )
    return f"<table>{''.join(rows)}</table>"


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    body = "".join(
        "<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    if not body:
        return "<p>None.</p>"
    head = "".join(f"<th>{_text(name)}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _customer(customer: Document | None) -> str:
    if customer is None:
        return ""
    facts = {key.capitalize(): value for key, value in customer.items()}
    return _section("Customer", _facts(facts))


def _order(one: Document) -> str:
    order = one["order"]
    facts = {
        "Target": one["target"],
        "Status": order["status"],
        "Reason": order["reason"],
        "Ticket": order["ticket"],
        "Policy clause": one["policy"],
        "Issuer": order["issuer"],
        "Source": order["source"],
        "Created": order["created"],
        "Start": order["start"],
        "End": order["end"] or "open-ended",
        "Lifted": order["lifted"],
        "Lift reason": order["lift_reason"],
        "Withheld": one["withheld"],
    }
    devices = _table(
        ("Device", "Status", "Verified", "What proves it"),
        ((d["device"], d["status"], d["verified_at"], d["detail"]) for d in order["devices"]),
    )
    parts = [
        _facts(facts),
        f"<h3>Devices</h3>{devices}",
        f"<h3>As it stood</h3>{_versions(one['versions'])}",
        f"<h3>History</h3>{_events([e['entry'] for e in one['history']])}",
        f"<h3>Proofs</h3>{_proofs(one['proofs'])}",
        f"<h3>Written to devices</h3>{_writes(one['writes'])}",
        f"<h3>Entries of the audit chain</h3>{_links(one['history'])}",
    ]
    return _section(f"Order {order['id']}", "\n".join(parts))


def _versions(versions: Sequence[Document]) -> str:
    rows = ((v["sequence"], v["at"], v["order"]) for v in versions)
    return _table(("Change", "At", "Order"), rows)


def _events(events: Sequence[Document]) -> str:
    rows = (
        (e["sequence"], e["at"], e["kind"], f"{e['actor']} ({e['source']})", e["detail"])
        for e in events
    )
    return _table(("Position", "At", "What", "Who", "Detail"), rows)


def _proofs(proofs: Mapping[str, Sequence[Document]]) -> str:
    rows = (
        (device, period["from"], period["until"], period["sequence"])
        for device, periods in proofs.items()
        for period in periods
    )
    return _table(("Device", "Every look as desired from", "until", "Changes up to"), rows)


def _writes(writes: Sequence[Document]) -> str:
    if not writes:
        return "<p>None that names this order.</p>"
    parts = []
    for write in writes:
        entry, outcome = write["entry"], write["outcome"]
        said = outcome["detail"] if outcome else "nobody knows what became of it"
        parts.append(
            f"<p>{_text(entry['sequence'])}, {_text(entry['at'])}, {_text(entry['device'])}: "
            f"{_text(entry['detail'].get('why'))}</p>"
            f"<pre>{escape(chr(10).join(write['native']))}</pre>"
            f"<p>Outcome: {_text(said)}</p>"
        )
    return "\n".join(parts)


def _links(history: Sequence[Document]) -> str:
    rows = ((e["entry"]["sequence"], e["prev"], e["hash"], e["body"]) for e in history)
    return _table(("Position", "Hash before", "Hash", "Body"), rows)


def _chain(chain: Document) -> str:
    signature = chain["signature"]
    facts: dict[str, object] = {
        "Verified": "every entry holds" if chain["ok"] else f"BROKEN: {chain['why']}",
        "Entries": chain["entries"],
        "Head": f"{chain['head']['sequence']}: {chain['head']['hash']}",
    }
    if signature is None:
        facts["Signature"] = "the chain was never signed"
    else:
        words = {True: "holds", False: "DOES NOT HOLD", None: "cannot be checked"}
        facts |= {
            "Signed up to": signature["sequence"],
            "Signed at": signature["at"],
            "Signed hash": signature["hash"],
            "Public key (Ed25519)": signature["public_key"],
            "Signature": f"{words[signature['ok']]}: {signature['signature']}",
        }
    note = (
        "<p>Hash = SHA-256 of the hash before (32 bytes) followed by the body (UTF-8). "
        "The first entry follows 32 zero bytes.</p>"
    )
    return _section("The audit chain", _facts(facts) + note)
