# SPDX-License-Identifier: GPL-2.0-or-later
"""What was decided about each device: pauses, holds of the brake, contested objects."""

from __future__ import annotations

from functools import lru_cache

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, bindparam, insert, select, update

from enforcer.core.device_control import DeviceControl
from enforcer.errors import StorageError
from enforcer.storage.often import often
from enforcer.storage.tables import device_controls

_CONTROL: TypeAdapter[DeviceControl] = TypeAdapter(DeviceControl)

_all = often(
    select(device_controls.c.name, device_controls.c.body).order_by(device_controls.c.name)
)
_one = often(_all.where(device_controls.c.name == bindparam("of")))
_add = insert(device_controls)
_change = update(device_controls).where(device_controls.c.name == bindparam("of"))


class DeviceControlReader:
    """Decisions as of one snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, name: str) -> DeviceControl:
        """What was decided about one device; the default where nothing was."""
        row = self._connection.execute(_one, {"of": name}).one_or_none()
        return DeviceControl() if row is None else _read(*row)

    def all(self) -> dict[str, DeviceControl]:
        """By name, the devices about which something was ever decided."""
        return {name: _read(name, body) for name, body in self._connection.execute(_all)}


class DeviceControlWriter(DeviceControlReader):
    """Decisions inside one transaction that writes."""

    def save(self, name: str, control: DeviceControl) -> None:
        """Replace what was decided about a device."""
        body = _CONTROL.dump_json(control).decode()
        changed = self._connection.execute(_change.values(body=body), {"of": name})
        if not changed.rowcount:
            self._connection.execute(_add, {"name": name, "body": body})


def _read(name: str, body: str) -> DeviceControl:
    try:
        return _understood(body)
    except ValidationError as problem:
        raise StorageError(
            f"what was decided about device {name} cannot be read: it was made by another version"
        ) from problem


@lru_cache(maxsize=4096)
def _understood(body: str) -> DeviceControl:
    """Orders ask for all of them, of which hardly any was decided since."""
    return _CONTROL.validate_json(body)
