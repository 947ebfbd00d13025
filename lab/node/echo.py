# SPDX-License-Identifier: GPL-2.0-or-later
"""Echo over TCP and UDP (RFC 862) on the ports given as arguments, for IPv4 and IPv6.

Answers come from the very address that was asked, also where a whole prefix is local. A TCP
client learns by the first line that it is connected: the echo says nothing before it is asked.
"""

import selectors
import socket
import sys

IP_PKTINFO = 8  # linux/in.h
IPV6_FREEBIND = 78  # linux/in6.h: answer from an address that no interface holds
ANCILLARY = {socket.AF_INET: (socket.IPPROTO_IP, IP_PKTINFO)}
ANCILLARY[socket.AF_INET6] = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO)


def main(ports: list[int]) -> None:
    """Serves until killed."""
    ready = selectors.DefaultSelector()
    for port in ports:
        for family in (socket.AF_INET, socket.AF_INET6):
            ready.register(_listener(family, port), selectors.EVENT_READ, "listener")
            ready.register(_datagrams(family, port), selectors.EVENT_READ, "datagrams")
    while True:
        for key, _ in ready.select():
            assert isinstance(key.fileobj, socket.socket)
            if key.data == "listener":
                connection, _ = key.fileobj.accept()
                ready.register(connection, selectors.EVENT_READ, "connection")
            elif key.data == "datagrams":
                _answer(key.fileobj, ports)
            elif not _echo(key.fileobj):
                ready.unregister(key.fileobj)
                key.fileobj.close()


def _listener(family: socket.AddressFamily, port: int) -> socket.socket:
    listener = _bound(family, socket.SOCK_STREAM, port)
    listener.listen(128)
    return listener


def _datagrams(family: socket.AddressFamily, port: int) -> socket.socket:
    datagrams = _bound(family, socket.SOCK_DGRAM, port)
    level, option = ANCILLARY[family]
    datagrams.setsockopt(level, socket.IPV6_RECVPKTINFO if level != 0 else option, 1)
    datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    if family == socket.AF_INET6:
        datagrams.setsockopt(socket.IPPROTO_IPV6, IPV6_FREEBIND, 1)
    return datagrams


def _bound(family: socket.AddressFamily, kind: socket.SocketKind, port: int) -> socket.socket:
    bound = socket.socket(family, kind)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    bound.bind(("", port))
    return bound


def _answer(datagrams: socket.socket, echoing: list[int]) -> None:
    level, option = ANCILLARY[datagrams.family]
    asked, ancillary, _, client = datagrams.recvmsg(65535, socket.CMSG_SPACE(20))
    if client[1] in echoing:
        return  # two echo services would answer each other for ever
    # in_pktinfo is index, spec_dst, destination: sent back, spec_dst is the source. in6_pktinfo
    # is destination, index. The index is cleared, so that the routing table decides.
    answer = []
    for at, kind, value in ancillary:
        if (at, kind) == (level, option):
            blank = b"\0\0\0\0" + value[4:] if level == 0 else value[:16] + b"\0\0\0\0"
            answer.append((level, option, blank))
    try:
        datagrams.sendmsg([asked], answer, 0, client)
    except OSError as error:
        print(f"udp answer to {client[0]}: {error}", file=sys.stderr, flush=True)


def _echo(connection: socket.socket) -> bool:
    try:
        said = connection.recv(65536)
        connection.sendall(said)
    except OSError:
        return False
    return bool(said)


if __name__ == "__main__":
    main([int(port) for port in sys.argv[1:]])
