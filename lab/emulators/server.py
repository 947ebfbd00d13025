# SPDX-License-Identifier: GPL-2.0-or-later
"""An SSH server in front of an emulated router, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import asyncssh

from lab.emulators.device import Emulator
from lab.emulators.terminal import Ending, Pause, Steps, Terminal

TICK_SECONDS = 0.05
_GONE = (BrokenPipeError, ConnectionError, asyncssh.Error)
_ByteStream = asyncssh.SSHServerProcess[bytes]


@dataclass(frozen=True)
class Serving:
    """A running server.

    Attributes:
        host: the address it listens on.
        port: TCP port.
        host_key_line: `[host]:port ssh-ed25519 AAAA...`, a line for a known_hosts file
            (without brackets and port on port 22).
        public_key: `ssh-ed25519 AAAA...`.
    """

    host: str
    port: int
    host_key_line: str
    public_key: str


@dataclass(frozen=True)
class Accounts:
    """Who may log in.

    Attributes:
        passwords: user to password.
        authorized_keys: lines of OpenSSH public keys that may log in as any user.
    """

    passwords: Mapping[str, str]
    authorized_keys: str = ""


class _Connection(asyncssh.SSHServer):
    """One client's connection: logs in, counts as one VTY, and can be cut."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        if not self._server.emulator.may_connect():
            conn.abort()
            return
        self._server.emulator.opened(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.emulator.ended(self)

    def drop(self) -> None:
        """Cut the connection; from any thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: so is the connection
            self._server.loop.call_soon_threadsafe(self._abort)

    def _abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return bool(self._server.accounts.passwords)

    def validate_password(self, username: str, password: str) -> bool:
        return self._server.accounts.passwords.get(username) == password

    def public_key_auth_supported(self) -> bool:
        return bool(self._server.accounts.authorized_keys)

    def validate_public_key(self, username: str, key: asyncssh.SSHKey) -> bool:
        known = asyncssh.import_authorized_keys(self._server.accounts.authorized_keys)
        return known.validate(key, username, "", "") is not None


class _Server:
    """The loop, the listener and the open terminals."""

    def __init__(
        self,
        emulator: Emulator,
        accounts: Accounts,
        key: asyncssh.SSHKey,
        algorithms: Mapping[str, Sequence[str]],
    ) -> None:
        self.emulator = emulator
        self._algorithms = algorithms
        self.accounts = accounts
        self._key = key
        self.loop = asyncio.new_event_loop()
        self.port = 0
        self.failure: BaseException | None = None
        self._ready = threading.Event()
        self._stop = asyncio.Event()
        self._terminals: dict[Terminal, _ByteStream] = {}

    def run(self, host: str, port: int) -> None:
        """The thread: serve until `stop`."""
        try:
            self.loop.run_until_complete(self._serve(host, port))
        except OSError as error:  # told to the thread that waits in `wait_ready`
            self.failure = error
        finally:
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
            self.loop.close()
            self._ready.set()

    def wait_ready(self) -> None:
        """Until it listens; raises what kept it from listening."""
        self._ready.wait()
        if self.failure is not None:
            raise self.failure

    def stop(self) -> None:
        """Ask the thread to end."""
        with contextlib.suppress(RuntimeError):  # it has ended already
            self.loop.call_soon_threadsafe(self._stop.set)

    async def _serve(self, host: str, port: int) -> None:
        listener = await asyncssh.create_server(
            lambda: _Connection(self),
            host,
            port,
            server_host_keys=[self._key],
            process_factory=self._session,
            line_editor=False,
            encoding=None,
            agent_forwarding=False,
            **self._algorithms,
        )
        self.port = listener.get_port()
        ticking = asyncio.create_task(self._tick())
        self._ready.set()
        await self._stop.wait()
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking
        await self._close(listener)

    async def _close(self, listener: asyncssh.SSHAcceptor) -> None:
        listener.close()
        for session in list(self.emulator.sessions):
            session.drop()
        await listener.wait_closed()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        if others:
            await asyncio.wait(others, timeout=5)
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            self.emulator.neighbors.settle()
            self.emulator.clock.fire_due()
            for terminal, stream in list(self._terminals.items()):
                with contextlib.suppress(*_GONE):
                    for step in terminal.tick():
                        if isinstance(step, bytes):
                            stream.stdout.write(step)

    async def _session(self, stream: _ByteStream) -> None:
        user = str(stream.get_extra_info("username"))
        remote = str((stream.get_extra_info("peername") or ("",))[0])
        shell = self.emulator.shell(user, remote)
        terminal = Terminal(self.emulator, shell)
        try:
            if stream.command is not None:
                await self._play(stream, terminal.execute(stream.command))
                return
            self._terminals[terminal] = stream
            alive = await self._play(stream, terminal.start())
            while alive and (received := await stream.stdin.read(65536)):
                alive = await self._play(stream, terminal.feed(received))
            stream.exit(0)
        except _GONE:
            return
        finally:
            self._terminals.pop(terminal, None)
            shell.closed()

    async def _play(self, stream: _ByteStream, steps: Steps) -> bool:
        """Do what a terminal says; False once the session has ended."""
        output: list[bytes] = []
        for step in steps:
            if isinstance(step, bytes):
                output.append(step)
                continue
            self._write(stream, output)
            if isinstance(step, Pause):
                await asyncio.sleep(step.seconds)
            elif step is Ending.DROP:
                stream.channel.get_connection().abort()
                return False
            else:
                stream.exit(0)
                return False
        self._write(stream, output)
        with contextlib.suppress(*_GONE):
            await stream.stdout.drain()
        return True

    def _write(self, stream: _ByteStream, output: list[bytes]) -> None:
        """Write; a client that went away does not keep the router from doing its lines."""
        if output:
            with contextlib.suppress(*_GONE):
                stream.stdout.write(b"".join(output))
            output.clear()


@contextmanager
def serving(
    emulator: Emulator,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    passwords: Mapping[str, str] | None = None,
    authorized_keys: str = "",
    host_key: str | None = None,
    algorithms: Mapping[str, Sequence[str]] | None = None,
) -> Iterator[Serving]:
    """Serve `emulator` over SSH in a thread until the block ends.

    Args:
        emulator: the router.
        host: address to listen on.
        port: 0 takes a free one.
        passwords: user to password; None: `{"enforcer": "enforcer"}`.
        authorized_keys: lines of OpenSSH public keys that may log in as any user.
        host_key: an OpenSSH private key in PEM; None makes a new one.
        algorithms: asyncssh's `kex_algs`, `encryption_algs`, `mac_algs`, to play an old box;
            None: its defaults.

    Yields:
        Where it listens and its host key.

    Raises:
        OSError: the address cannot be listened on.
    """
    if host_key is None:
        key = asyncssh.generate_private_key("ssh-ed25519")
    else:
        key = asyncssh.import_private_key(host_key)
    accounts = Accounts(
        {"enforcer": "enforcer"} if passwords is None else passwords, authorized_keys
    )
    server = _Server(emulator, accounts, key, algorithms or {})
    thread = threading.Thread(
        target=server.run, args=(host, port), name=f"emulated {emulator.hostname}", daemon=True
    )
    thread.start()
    try:
        server.wait_ready()
        public = key.export_public_key().decode().strip()
        name = host if server.port == 22 else f"[{host}]:{server.port}"
        yield Serving(host, server.port, f"{name} {public}", public)
    finally:
        server.stop()
        thread.join()
