# SPDX-License-Identifier: GPL-2.0-or-later
"""A verified, authenticated connection to a device."""

from __future__ import annotations

import io
import logging
import socket
from collections.abc import Callable
from contextlib import ExitStack

import paramiko

from drivers._ssh.algorithms import disabled, prefer
from drivers._ssh.errors import HostKeyRefused
from drivers._ssh.gate import GATE, Gate
from drivers._ssh.host_keys import Recorded, read_file, recorded
from drivers._ssh.mapping import FOREIGN, configured, mapped
from drivers._ssh.options import SshOptions
from drivers._ssh.ways import ProxyProgram, Way, straight, way_to
from enforcer.clock import Clock, SystemClock
from enforcer.driver_api import CredentialSource, LoginCap
from enforcer.errors import ConfigurationInvalid, DeviceUnreachable

KEEPALIVE = 30
"""Seconds between questions on an idle connection; one that was cut is noticed by them."""

GATE_WAIT = 60.0
"""Seconds that a login waits for its turn."""

Connection = socket.socket | paramiko.Channel

_LOG = "enforcer.ssh.library"
# Whatever goes wrong is raised and told once; the library would print tracebacks besides.
logging.getLogger(_LOG).addHandler(logging.NullHandler())
logging.getLogger(_LOG).propagate = False


class Client(paramiko.SSHClient):
    """A connection that holds one of the device's places in the gate until it is closed."""

    def __init__(self, options: SshOptions) -> None:
        super().__init__()
        self.set_log_channel(_LOG)
        self.options = options
        self.device = options.device
        self.behind = ExitStack()
        """What is given back when the connection is closed: jump hosts, programs, the place."""

    def alive(self) -> bool:
        """Whether the connection stands as far as this side knows."""
        transport = self.get_transport()
        return transport is not None and transport.is_active()

    def close(self) -> None:
        """Close it and give the place back; never raises; may be called twice."""
        try:
            super().close()
        except FOREIGN:
            # It was broken already, which is what was wanted.
            pass
        finally:
            self.behind.close()


def open_client(
    options: SshOptions,
    credentials: CredentialSource,
    clock: Clock | None = None,
    gate: Gate = GATE,
    proof: bool = False,
) -> Client:
    """Connect (through the jump host of the ssh config), verify the host key, log in.

    `proof`: in the lane of those that must prove a change before its timer takes it back.
    Raises HostKeyRefused (a DeviceUnreachable) before any credential is sent,
    DeviceUnreachable (also: a file or secret that is needed cannot be read),
    AuthenticationFailed, DeviceBusy (the device's lines are all taken; NoPlace: ours are).
    """
    clock = clock if clock is not None else SystemClock()
    with configured(options.device):
        if isinstance(credentials, LoginCap):
            gate.set_logins(credentials.logins)
        return _open(options, credentials, clock, gate, proof)


def _open(
    options: SshOptions, credentials: CredentialSource, clock: Clock, gate: Gate, proof: bool
) -> Client:
    way = way_to(options, credentials)
    with ExitStack() as undo:
        undo.callback(gate.enter(options.device, way.where, GATE_WAIT, clock, proof))
        with gate.login(options.device, GATE_WAIT, clock, proof):
            client = _through(way, credentials, undo)
        # From here on it is the client that gives all of it back.
        client.behind = undo.pop_all()
    return client


def _through(way: Way, credentials: CredentialSource, undo: ExitStack) -> Client:
    behind: Client | None = None
    for hop in way.hops:
        behind = _logged_in(hop, credentials, _connection(hop, behind))
        undo.callback(behind.close)
    if way.command:
        return _through_program(way, credentials, undo)
    return _logged_in(way.options, credentials, _connection(way.options, behind))


def _connection(options: SshOptions, behind: Client | None) -> Connection:
    """A socket, or what the library takes for one."""
    with mapped(options, "connect to"):
        return straight(options) if behind is None else _beyond(behind, options)


def _through_program(way: Way, credentials: CredentialSource, undo: ExitStack) -> Client:
    with mapped(way.options, "connect to"):
        program = ProxyProgram(way.command)
    undo.callback(program.close)
    program.socket.settimeout(way.options.timeout)
    try:
        return _logged_in(way.options, credentials, program.socket)
    except HostKeyRefused:
        raise
    except DeviceUnreachable as error:
        said = program.said()
        if not said:
            raise
        raise DeviceUnreachable(
            error.device, f"{error.message}; the ProxyCommand said: {said}"
        ) from None


def _beyond(behind: Client, options: SshOptions) -> paramiko.Channel:
    """A connection onwards from a jump host (RFC 4254 section 7.2)."""
    transport = behind.get_transport()
    if transport is None:
        raise EOFError
    try:
        return transport.open_channel(
            "direct-tcpip", (options.host, options.port), ("127.0.0.1", 0), timeout=options.timeout
        )
    except paramiko.ChannelException as error:
        raise paramiko.SSHException(
            f"the jump host {behind.options.host} cannot connect there ({error.text})"
        ) from None


def _logged_in(
    options: SshOptions, credentials: CredentialSource, connection: Connection
) -> Client:
    client = Client(options)
    try:
        _log_in(client, options, credentials, connection)
    except BaseException:
        client.close()
        connection.close()
        raise
    return client


def _log_in(
    client: Client, options: SshOptions, credentials: CredentialSource, connection: Connection
) -> None:
    policy = recorded(options, credentials)
    password = credentials.resolve(options.credentials) if options.credentials else None
    key, password = _key(options, credentials, password)
    client.set_missing_host_key_policy(policy)
    with mapped(options, "log in to"):
        client.connect(
            options.host,
            options.port,
            options.username,
            password,
            pkey=key,
            timeout=options.timeout,
            banner_timeout=options.timeout,
            auth_timeout=options.timeout,
            channel_timeout=options.timeout,
            allow_agent=options.agent,
            look_for_keys=False,
            sock=connection,
            disabled_algorithms=disabled(options.legacy),
            transport_factory=_transports(policy),
        )
        transport = client.get_transport()
        if transport is None:
            raise EOFError
        transport.set_keepalive(KEEPALIVE)


def _transports(policy: Recorded) -> Callable[..., paramiko.Transport]:
    def make(connection: Connection, **given: object) -> paramiko.Transport:
        transport = paramiko.Transport(connection, **given)  # type: ignore[arg-type] # passed on
        prefer(transport, policy.types(tuple(transport.get_security_options().key_types)))
        return transport

    return make


def _key(
    options: SshOptions, credentials: CredentialSource, password: str | None
) -> tuple[paramiko.PKey | None, str | None]:
    """The private key, and the password where it was not the key's own.

    The password opens an encrypted key; then it is not offered to the device.
    """
    if not options.key_file:
        return None, password
    text = read_file("key_file", options.key_file, credentials) + "\n"
    for passphrase in (None, password):
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            try:
                key = kind.from_private_key(io.StringIO(text), passphrase)
            except (paramiko.SSHException, ValueError, IndexError, TypeError):
                # Of another kind, or encrypted.
                continue
            return key, (None if passphrase else password)
    raise ConfigurationInvalid(
        f"{options.device}: {options.key_file} is no private key that can be read (Ed25519, ECDSA"
        " or RSA, in OpenSSH's or PEM form; with a passphrase only if `credentials` has it)"
    )
