# SPDX-License-Identifier: GPL-2.0-or-later
"""First words that the configuration modes know: everything else is `% Invalid input`."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


GLOBAL = _words(
    "aaa access-list alias archive arp banner bba-group bfd boot bridge buffers call-home cdp "
    "chat-script class-map clock configuration control-plane crypto define dial-peer "
    "diagnostic dialer do dot1x enable errdisable ethernet event exception exit flow frame-relay "
    "hostname hw-module interface ip ipv6 isis key l2vpn license line lldp logging login mac "
    "map-class memory mmi monitor mpls multilink netconf netconf-yang no ntp object-group "
    "parameter-map parser platform policy-map port-channel power privilege process qos "
    "radius radius-server redundancy restconf rmon route-map route-tag router scheduler security "
    "segment-routing service service-template snmp snmp-server spanning-tree "
    "standby stackwise subscriber switch system tacacs tacacs-server tcp telemetry template "
    "tftp-server time-range track transceiver transport udld upgrade username utilization "
    "version virtual vlan voice vpdn vrf vtp xconnect zone zone-pair end"
)
IP = _words(
    "access-list address-pool alias as-path bgp-community bootp cef community-list ddns "
    "default-gateway default-network dhcp domain domain-list domain-lookup domain-name "
    "extcommunity-list finger flow-cache flow-export flow-top-talkers forward-protocol ftp "
    "gratuitous-arps host host-routing http icmp igmp inspect ips local mfib mroute mrm msdp "
    "multicast multicast-routing name-server nat nbar nhrp options pim policy-list port-map "
    "prefix-list radius rcmd reflexive-list route routing rsvp rtcp sap scp sdr security sla "
    "source-interface source-route spd ssh subnet-zero tacacs tcp telnet tftp traffic-export "
    "trigger-authentication urlfilter verify vrf wccp"
)
IPV6 = _words(
    "access-list cef dhcp flow-set general-prefix hop-limit host icmp inspect local mfib mld "
    "mobile mroute multicast multicast-routing nat nd neighbor ospf pim port-map prefix-list "
    "route router routing-header snooping source-guard source-route spd unicast-routing"
)
INTERFACE = _words(
    "access-expression arp authentication autonomic bandwidth bfd bgp-policy bridge-group "
    "carrier-delay cdp channel-group cts crypto dampening default delay description "
    "device-tracking "
    "dot1q dot1x duplex encapsulation ethernet exit flow fair-queue flowcontrol hold-queue ip ipv6 "
    "isis keepalive lacp lldp load-interval logging loopback mac mac-address macsec "
    "max-reserved-bandwidth mdix media-type mka mls mop mpls mtu negotiation no ntp nve "
    "ospfv3 peer plim "
    "ppp pppoe priority-queue qos random-detect rate-limit resource-policy rmon routing "
    "service-policy service shutdown snmp source spanning-tree speed standby storm-control "
    "switchport transmit-interface trunk trust tunnel tx-ring-limit udld vlan-id vrf vrrp "
    "xconnect zone-member"
)
INTERFACE_IP = _words(
    "access-group accounting address admission arp authentication authorization bandwidth-percent "
    "bgp broadcast-address cef cgmp dampening-change dhcp directed-broadcast dvmrp flow "
    "header-compression hello-interval helper-address hold-time igmp inspect irdp ips load-sharing "
    "local-proxy-arp mask-reply mfib mobile mrm mroute-cache mtu multicast nat nbar nhrp ospf pgm "
    "pim policy probe proxy-arp rarp-server redirects rgmp rip route-cache router rsvp rtp sap "
    "sdr security split-horizon summary-address tcp tos unnumbered unreachables urd verify "
    "virtual-reassembly virtual-reassembly-out vrf wccp wrr-queue"
)
INTERFACE_IPV6 = _words(
    "address atm authentication bandwidth-percent cef dhcp eigrp enable flow flow-set "
    "hello-interval hold-time inspect mfib mld mode mtu multicast nat nd nhrp ospf pim policy "
    "redirects rip router rsvp split-horizon tcp traffic-filter unnumbered unreachables verify "
    "virtual-reassembly"
)
ROUTER = _words(
    "address-family aggregate-address area auto-cost auto-summary bfd bgp capability default "
    "default-information default-metric distance distribute-list domain-password exit "
    "exit-address-family fast-reroute ignore import ispf is-type limit log-adjacency-changes "
    "max-metric maximum-paths metric metric-style mpls neighbor net network no nsf nsr "
    "passive-interface prefix-suppression redistribute router-id segment-routing scope "
    "set-overload-bit shutdown spf-interval summary-address synchronization table-map template "
    "timers traffic-share update-source vrf"
)

# Sections whose lines are nobody's business here: kept as typed. By the first words of their
# header: the mode's name in the prompt, and the headers of sections inside.
GENERIC: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("aaa group server", "config-sg", ()),
    ("archive", "config-archive", ("log config",)),
    ("class-map", "config-cmap", ()),
    ("control-plane", "config-cp", ()),
    ("crypto ikev2 profile", "config-ikev2-profile", ()),
    ("crypto map", "config-crypto-map", ()),
    ("crypto pki certificate chain", "config-cert-chain", ("certificate",)),
    ("crypto pki trustpoint", "ca-trustpoint", ()),
    ("event manager applet", "config-applet", ()),
    ("flow exporter", "config-flow-exporter", ()),
    ("flow monitor", "config-flow-monitor", ()),
    ("flow record", "config-flow-record", ()),
    ("ip dhcp pool", "dhcp-config", ()),
    ("ip sla", "config-ip-sla", ("icmp-echo", "udp-jitter")),
    ("ip vrf", "config-vrf", ()),
    ("key chain", "config-keychain", ("key",)),
    ("line", "config-line", ()),
    ("object-group service", "config-service-group", ()),
    ("policy-map", "config-pmap", ("class",)),
    ("redundancy", "config-red", ()),
    ("route-map", "config-route-map", ()),
    ("router", "config-router", ("address-family",)),
    ("tacacs server", "config-server-tacacs", ()),
    ("radius server", "config-radius-server", ()),
    ("template", "config-template", ()),
    ("track", "config-track", ()),
    ("vlan", "config-vlan", ()),
    ("vrf definition", "config-vrf", ("address-family",)),
)

# Inside these sections such words are the section's, though the global mode knows them too.
INSIDE: dict[str, frozenset[str]] = {
    "config-archive": _words("log maximum path rollback time-period write-memory"),
    "config-ip-sla": _words("frequency icmp-echo tag threshold timeout tos udp-jitter vrf"),
    "config-line": _words(
        "access-class authorization escape-character exec exec-timeout flowcontrol history ip ipv6 "
        "length logging login modem monitor no password privilege rotary session-limit "
        "session-timeout speed stopbits terminal-type transport width"
    ),
    "config-pmap": _words("class bandwidth police priority queue-limit service-policy set shape"),
    "config-route-map": _words("continue default description match set"),
    "config-router": ROUTER,
    "config-router-af": ROUTER,
    "config-sg": _words("accounting authorization deadtime ip ipv6 key server"),
    "config-vrf": _words(
        "address-family bgp description exit-address-family export import maximum mdt rd "
        "route-target route-replicate vnet vpn"
    ),
    "dhcp-config": _words(
        "bootfile class default-router dns-server domain-name host import lease network option vrf"
    ),
}
