# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of `docs/cli.md` that no command says of itself."""

from __future__ import annotations

INTRODUCTION = """\
# Command line

<!-- Written by `python -m enforcer.cli.reference docs/cli.md`: do not edit here. -->

`enforcer` asks the same application as every other entry point: it stores an order, the
controller (`enforcer run`) makes it true on the devices. Every command explains itself with
`--help`, all of them in the manual page `docs/man/enforcer.1`; `enforcer completion` teaches the
shell to complete commands, options, and the names and ids that the database knows.

## Targets

A prefix is an address or a prefix without host bits: `192.0.2.7`, `192.0.2.0/24`,
`2001:db8::/32`. `customer:NAME` stands for a customer of the inventory, with all of its
prefixes; `service:NAME` for a service set. A bare name is

- in `block-port` a customer,
- in `--except` a service set,
- in `--from` and `--to` whatever the inventory knows by it; if it knows a customer and a service
  set of that name, the command line asks for one of the longer forms.

## Sessions and routes

`drop-routes` and `shutdown-session` are about BGP sessions: those with a `--customer`, with
neighbors of an AS number (`--asn AS64500` or `--asn 64500`), with a `--neighbor` address; all that
are named count. With none of them, every session with the outside that a `--device`, `--role` or
`--site` has.

`--from-file` and `--registered-from` read what people and tools write; a line that cannot be read
is an error with its number, and nothing is placed:

- a prefix a line, with comments after `#`;
- TSV or CSV: the prefix first, or in the column that a header calls `prefix`, `route`, `cidr`,
  `network` or `ip prefix`;
- `bgpq4 -j` (JSON), `bgpq3` and `bgpq4` as they are (`ip prefix-list ...`), `bgpq4 -b`;
- `route:` and `route6:` objects of an IRR (RFC 2622, RFC 4012).

A list that allows longer prefixes too (`le 28`) is no list of exact prefixes: it needs
`--or-longer`, or is what is registered.

## Times

An order ends when you say so: exactly one of `--for`, `--until` and `--open-ended`. Durations are
`30m`, `2h`, `7d`, `1h30m`. Instants are ISO 8601 with a zone, such as `2026-12-01T08:00Z` or
`2026-12-01T09:00+01:00`. `--start` also takes `+2h`; `--for` then counts from the start.

Where the past is meant (`why --at`, `audit list --since`), an instant may also be given as how long
ago it was: `2h`, `7d`.

## Many orders at once

`order bulk` reads a file or standard input. Plain lines are addresses, with a reason after a comma
where it differs; `#` begins a comment:

```text
192.0.2.7
2001:db8::7,phishing page
```

CSV has a header that names the columns, which are called like the options of the single commands;
what a line leaves empty is taken from the options of `order bulk`. Several values in one cell are
separated by `;`:

```text
kind,target,port,except,reason,for
block-address,192.0.2.7,,,phishing page,2h
block-port,acme,25,relay,spam run,7d
```

JSON lines are objects with a `demand` in wire form, as `order show --output json` prints it, and
the other fields of an order: `reason`, `ticket`, `policy`, `start`, `start_after`, `end`,
`duration` (seconds, or text such as `2h`), `open_ended`, `scope`, `idempotency_key`,
`confirm_wide`, `confirm_collateral`, `confirm_routes`, `confirm_foreign`, `emergency`.

Each line is placed by itself and answered by itself, in the order of the file. Its idempotency key
is made of the file's digest and its number, so the same file again places nothing twice, and an
interrupted one goes on where it stopped. A file that was changed has another digest: give
`--key-prefix` where its lines are to count as the same.

## Confirming

A target wider than the source's limit, or one that covers protected space, needs `--confirm-wide`;
protected space is withheld all the same. Where others than the target are hit (customers who share
an address, tenants, users behind address translation) `--confirm-collateral` says that this is
known. `--dry-run` shows who is hit and what is withheld without either of them being given.

Before `drop-routes` and `shutdown-session` are stored, the routers are asked which routes pass now.
Where a neighbor would be left with nothing, or a default route or a way to protected space would be
lost, or where a router cannot be asked, `--confirm-routes` says that this is known; then nobody is
asked. `--confirm-foreign` blackholes a destination that is neither ours nor a customer's.

## Waiting

Without `--wait` a command returns when the order is stored. With `--wait` it returns when the
order is true on every device, or gone from every device, and with exit code 5 when that takes
longer than the given time (30 s); the controller goes on regardless. Under a pause or a freeze
that keeps the order back it ends at once, with exit code 5 and the reason. Where no controller
runs, the waiting command does its work itself. Write `--wait=30s` where the next word could be
read as a time.

## Asking back

At a terminal a new order is previewed and confirmed first, unless `--yes` is given; so is what
lets a device, a customer or what the brake holds go, and a reload of the inventory that loses
something. In a script, a pipe, or with another form of output nothing is asked.

## Forms of output

`--output table` is for people: made for 80 columns, without colour when it is no terminal, when
`NO_COLOR` is set or with `--no-color`. It may change with any version. The others are stable:

- `json`: one object, or one array of objects where a command answers with several.
- `ndjson`: one object a line.
- `csv`: a header and one row per object. Lists of words are joined by `;`, other nested values are
  JSON, what is null is empty.

The objects are described under [Shapes](#shapes). Fields may be added, none is removed, renamed
or given another type without a new major version.

## Errors

One line on standard error: `error: MESSAGE`, for a refusal `error: [CODE] MESSAGE`. The codes are
stable, the messages are not. With `--output json` or `ndjson` it is an object:

```json
{"error": "refused", "message": "...", "exit_code": 4, "code": "protected-prefix"}
```

`error` is one of `usage`, `invalid-input`, `not-found`, `refused`, `configuration`, `storage`,
`another-controller`, `device` (with the device's name in `device`), `not-settled` and `error`.
"""

AFTER_COMMANDS = """\
## Shapes

What `json` and `ndjson` print. Instants are ISO 8601 in UTC, durations are seconds.
The JSON Schema of all shapes is in `tests/unit/cli/view_schemas.json`; a test compares it, and
after a deliberate change `python -m tests.unit.cli.view_schemas` renews it.
"""
