# SPDX-License-Identifier: GPL-2.0-or-later
"""An emulated IOS-XE router for tests, and ways to type at it."""

from ipaddress import ip_address

from lab.emulators.cisco_ios import Quirks, Router
from lab.emulators.packets import TCP, Packet
from lab.emulators.shell import Shell

CONFIGURATION = """\
version 17.9
service timestamps log datetime msec
no service pad
!
hostname edge1
!
aaa new-model
!
archive
 path bootflash:archive
 maximum 5
 log config
  logging enable
!
object-group network OPS
 host 192.0.2.1
 198.51.100.0 255.255.255.0
!
interface GigabitEthernet0/0/0
 description uplink  with two spaces
 ip address 192.0.2.1 255.255.255.252
 ip access-group EDGE-IN in
 no ip redirects
 ipv6 address 2001:DB8::1/64
!
interface GigabitEthernet0/0/1.100
 encapsulation dot1Q 100
 ip address 203.0.113.1 255.255.255.0
!
interface GigabitEthernet0/0/2
 no ip address
 shutdown
!
router bgp 64500
 bgp router-id 192.0.2.1
 neighbor 192.0.2.2 remote-as 64501
 neighbor 2001:DB8::2 remote-as 64501
 !
 address-family ipv4
  network 203.0.113.0
  neighbor 192.0.2.2 activate
  neighbor 192.0.2.2 prefix-list CUST in
 exit-address-family
 !
 address-family ipv6
  neighbor 2001:DB8::2 activate
 exit-address-family
!
ip route 0.0.0.0 0.0.0.0 192.0.2.2
!
ip access-list extended EDGE-IN
 10 remark mail only by the relay
 10 permit tcp host 198.51.100.25 any eq smtp
 20 deny   tcp any any eq smtp
 30 permit ip any any
!
ip prefix-list CUST seq 5 permit 198.51.100.0/24 le 26
!
snmp-server community public RO
!
banner motd ^C
 authorised  persons only
^C
!
line con 0
 stopbits 1
!
line vty 0 4
 login local
 transport input ssh
!
ntp server 192.0.2.99
!
end
"""


def router(quirks: Quirks | None = None) -> Router:
    """An edge router with an operator's configuration."""
    made = Router("edge1", quirks=quirks)
    made.load(CONFIGURATION)
    return made


def typed(shell: Shell, *lines: str) -> list[str]:
    """What the router answers to each line."""
    return [shell.line(line).text for line in lines]


def configure(shell: Shell, *lines: str) -> list[str]:
    """What it answers to configuration lines, ended by `end`."""
    typed(shell, "configure terminal")
    answers = typed(shell, *lines)
    typed(shell, "end")
    return answers


def to_port(
    port: int, source: str = "192.0.2.77", destination: str = "203.0.113.9", protocol: int = TCP
) -> Packet:
    """A packet to a port."""
    return Packet(ip_address(source), ip_address(destination), protocol, 40000, port)


def from_to(source: str, destination: str, protocol: int = TCP) -> Packet:
    """A packet from an address to port 443 of another."""
    return Packet(ip_address(source), ip_address(destination), protocol, 40000, 443)
