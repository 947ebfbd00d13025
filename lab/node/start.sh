#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Starts a node's services, named as arguments, and stays until one of them ends.
# A container's command runs before its links exist: wait for as many as were promised.
set -u

interfaces() { ip -o link show | grep -cE '^[0-9]+: eth[1-9][0-9]*[@:]'; }
until [ "$(interfaces)" -ge "${CLAB_INTFS:-0}" ]; do sleep 0.1; done

routing() {
    # A container engine's default route would win over what the neighbours announce.
    ip route delete default dev eth0 2>/dev/null
    install -d -o frr -g frr -m 755 /run/frr /var/log/frr
    install -o frr -g frr -m 640 "/lab/$HOSTNAME/frr.conf" /etc/frr/frr.conf
    for daemon in zebra staticd bgpd; do
        "/usr/lib/frr/$daemon" -A 127.0.0.1 &
        until [ -S "/run/frr/$daemon.vty" ]; do sleep 0.05; done
    done
    vtysh -b
}

for service in "$@"; do
    case $service in
        frr) routing ;;
        echo) python3 /lab/echo.py 7 53 80 443 1234 8080 & ;;
        mail-sink) python3 /lab/mail.py & ;;
        mail-relay) python3 /lab/mail.py --next-hop "$MAIL_NEXT_HOP" & ;;
        news) bash /lab/news.sh & ;;
        *) echo "unknown service $service" >&2; exit 2 ;;
    esac
done
wait -n
echo "a service of $HOSTNAME has ended with $?" >&2
exit 1
