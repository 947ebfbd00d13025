# SPDX-License-Identifier: GPL-2.0-or-later
"""A brownfield configuration for the tests of the EMULATED IOS-XR router."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from threading import Event

from lab.emulators.cisco_xr import Router
from lab.emulators.clock import EmulatorClock
from lab.emulators.packets import Packet
from lab.emulators.shell import Shell

CUSTOMER = "GigabitEthernet0/0/0/0"
CONFIGURATION = """\
hostname xr1
logging 192.0.2.250
object-group network ipv4 RELAYS
 host 192.0.2.25
!
ipv6 access-list BASE6
 10 permit tcp any any eq bgp
 20 deny ipv6 2001:db8:bad::/48 any
 30 permit ipv6 any any
!
ipv4 access-list BASE
 5 remark the operator's own
 10 permit tcp any any eq bgp
 20 deny ipv4 10.0.0.0 0.255.255.255 any
 30 permit tcp net-group RELAYS any eq smtp
 40 deny tcp any any range 135 139
 50 permit ipv4 any any
!
interface Loopback0
 ipv4 address 192.0.2.255 255.255.255.255
!
interface GigabitEthernet0/0/0/0
 description customer
 ipv4 address 198.51.100.1 255.255.255.252
 ipv4 verify unicast source reachable-via any
 ipv6 address 2001:db8::1/64
 load-interval 30
 ipv4 access-group BASE ingress
 ipv6 access-group BASE6 ingress
!
interface GigabitEthernet0/0/0/1
 description border
 ipv4 address 203.0.113.1 255.255.255.252
!
prefix-set CUSTOMER
  198.51.100.0/24 le 32,
  2001:db8::/32 le 48
end-set
!
route-policy FROM-CUSTOMER
  if destination in CUSTOMER then
    pass
  else
    drop
  endif
end-policy
!
route-policy PASS-ALL
  pass
end-policy
!
router static
 address-family ipv4 unicast
  0.0.0.0/0 203.0.113.2
 !
!
router ospf 1
 area 0
  interface GigabitEthernet0/0/0/1
   cost 10
  !
 !
!
router bgp 65000
 bgp router-id 192.0.2.255
 address-family ipv4 unicast
 !
 address-family ipv6 unicast
 !
 neighbor-group CUSTOMERS
  address-family ipv4 unicast
   route-policy FROM-CUSTOMER in
   route-policy PASS-ALL out
  !
 !
 neighbor 198.51.100.2
  remote-as 65001
  use neighbor-group CUSTOMERS
 !
 neighbor 203.0.113.2
  remote-as 65002
  address-family ipv4 unicast
  !
 !
 neighbor 192.0.2.1
  remote-as 65000
  address-family ipv4 unicast
  !
 !
!
ssh server v2
end
"""


class StillClock:
    """A clock that stands at one instant: an emulated router's time moves by `advance` alone."""

    def now(self) -> datetime:
        return datetime(2026, 5, 22, 14, 9, 33, 753000, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def wait(self, event: Event, seconds: float) -> bool:
        return event.is_set()

    def sleep(self, seconds: float) -> None:
        return None


def router(configuration: str = CONFIGURATION) -> Router:
    made = Router("xr1", EmulatorClock(StillClock(), timedelta(0)))
    made.load(configuration)
    return made


def session(device: Router, user: str = "enforcer") -> Shell:
    """A session in EXEC mode without paging."""
    shell = device.shell(user, "192.0.2.9")
    shell.line("terminal length 0")
    return shell


def typed(shell: Shell, *lines: str) -> str:
    """The text of the answers to all lines."""
    return "\n".join(shell.line(line).text for line in lines)


def configuring(device: Router, *lines: str, user: str = "enforcer") -> Shell:
    """A session in configuration mode that typed `lines`, none of which was refused."""
    shell = session(device, user)
    answers = typed(shell, "configure", *lines)
    assert "% Invalid" not in answers and "% Incomplete" not in answers, answers
    return shell


def in_configuration(shell: Shell) -> bool:
    """Whether the session is in a configuration mode now."""
    return shell.configuring


def tcp(source: str, destination: str, port: int = 443, **more: object) -> Packet:
    made = Packet(ip_address(source), ip_address(destination), 6, 40000, port)
    return Packet(**{**made.__dict__, **more})
