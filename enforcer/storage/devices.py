# SPDX-License-Identifier: GPL-2.0-or-later
"""What is known of each device from the last passes, and whose mark it accepts."""

from __future__ import annotations

from datetime import datetime

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, bindparam, insert, select, update

from enforcer.core.rules import Owner
from enforcer.core.status import DeviceFacts
from enforcer.errors import StorageError
from enforcer.storage.often import often
from enforcer.storage.tables import device_facts, device_owners
from enforcer.storage.times import to_us

_FACTS: TypeAdapter[DeviceFacts] = TypeAdapter(DeviceFacts)

_all_facts = often(select(device_facts.c.name, device_facts.c.body).order_by(device_facts.c.name))
_facts = often(_all_facts.where(device_facts.c.name == bindparam("of")))
_add_facts = often(insert(device_facts))
_change_facts = often(
    update(device_facts)
    .where(device_facts.c.name == bindparam("of"))
    .values(body=bindparam("is_body"))
)
_all_owners = select(device_owners).order_by(device_owners.c.name)
_owner = often(_all_owners.where(device_owners.c.name == bindparam("of")))
_add_owner = insert(device_owners)
_change_owner = update(device_owners).where(device_owners.c.name == bindparam("of"))


class DeviceReader:
    """Devices as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def facts(self, name: str) -> DeviceFacts | None:
        """What the last passes over this device found; None: there was none."""
        row = self._connection.execute(_facts, {"of": name}).one_or_none()
        return None if row is None else _read(*row)

    def all_facts(self) -> dict[str, DeviceFacts]:
        """The facts of every device that was ever passed over, by name."""
        return {name: _read(name, body) for name, body in self._connection.execute(_all_facts)}

    def adopted(self, name: str) -> Owner | None:
        """The owner under which a person let us write to this device; None: nobody did."""
        row = self._connection.execute(_owner, {"of": name}).one_or_none()
        return None if row is None else Owner(row.controller, row.epoch)

    def all_adopted(self) -> dict[str, Owner]:
        """The same for every device that was ever adopted, by name."""
        rows = self._connection.execute(_all_owners)
        return {row.name: Owner(row.controller, row.epoch) for row in rows}


class DeviceWriter(DeviceReader):
    """Devices inside one transaction that writes."""

    def save_facts(self, name: str, facts: DeviceFacts) -> None:
        """Replace what is known of a device."""
        body = _FACTS.dump_json(facts).decode()
        changed = self._connection.execute(_change_facts, {"of": name, "is_body": body})
        if not changed.rowcount:
            self._connection.execute(_add_facts, {"name": name, "body": body})

    def set_adopted(self, name: str, owner: Owner, at: datetime) -> None:
        """A person let `owner` write to this device."""
        values = {"controller": owner.controller, "epoch": owner.epoch, "adopted_us": to_us(at)}
        changed = self._connection.execute(_change_owner.values(values), {"of": name})
        if not changed.rowcount:
            self._connection.execute(_add_owner, {"name": name, **values})


def _read(name: str, body: str) -> DeviceFacts:
    try:
        return _FACTS.validate_json(body)
    except ValidationError as problem:
        raise StorageError(
            f"what was stored about device {name} cannot be read: it was made by another version"
        ) from problem
