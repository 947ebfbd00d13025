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

# Runs a daemon for as long as the node lives: one that dies is started again, unless the file
# /run/kept/NAME.down is there. Its process is in /run/kept/NAME.pid.
keep() {
    local name=$1
    shift
    mkdir -p /run/kept
    while :; do
        until [ ! -e "/run/kept/$name.down" ]; do sleep 0.05; done
        "$@" &
        echo $! >"/run/kept/$name.pid"
        wait $!
        echo "$name of $HOSTNAME has ended with $?" >&2
        sleep 0.3
    done
}

# As FRR's own scripts do: a daemon that was started is told the saved configuration.
one_frr() {
    rm -f "/run/frr/$1.vty"
    (
        until [ -S "/run/frr/$1.vty" ]; do sleep 0.02; done
        vtysh -b -d "$1"
    ) &
    exec "/usr/lib/frr/$1" -A 127.0.0.1
}

kept_frr() {
    ip route delete default dev eth0 2>/dev/null
    install -d -o frr -g frr -m 755 /run/frr /var/log/frr
    # `write memory` of whoever is in the group frr: it makes a new file in this folder.
    install -d -o frr -g frr -m 2770 /etc/frr
    install -o frr -g frr -m 660 "/lab/bgp/$HOSTNAME.conf" /etc/frr/frr.conf
    install -o frr -g frrvty -m 640 /dev/null /etc/frr/vtysh.conf
    local daemon
    for daemon in zebra staticd bgpd; do
        keep "$daemon" one_frr "$daemon" &
        until [ -S "/run/frr/$daemon.vty" ]; do sleep 0.02; done
    done
}

bird_daemon() {
    ip route delete default dev eth0 2>/dev/null
    install -d -o bird -g bird -m 775 /run/bird /etc/bird
    install -d -m 755 /run/announce
    touch /run/announce/edge{1,2}_{4,6}
    install -o root -g bird -m 640 "/lab/bgp/$HOSTNAME.conf" /etc/bird/bird.conf
    # What the configuration includes must be there; the controller's user is in the group bird.
    [ -e /etc/bird/enforcer.conf ] || install -o "${SSH_USER:-bird}" -g bird -m 664 /lab/bgp/enforcer.conf /etc/bird/enforcer.conf
    keep bird bird -f -u bird -g bird -c /etc/bird/bird.conf -s /run/bird/bird.ctl &
}

# OpenSSH for the controller. A host key that is there already is kept.
login() {
    mkdir -p /run/sshd
    [ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N "" -f /etc/ssh/ssh_host_ed25519_key
    local groups
    groups=$(getent group frr frrvty bird | cut -d: -f1 | paste -sd,)
    id "$SSH_USER" >/dev/null 2>&1 ||
        useradd --no-create-home --home-dir / --shell /bin/sh --groups "$groups" "$SSH_USER"
    echo "$SSH_USER:$SSH_PASSWORD" | chpasswd
    printf '%s\n' "HostKey /etc/ssh/ssh_host_ed25519_key" "AllowUsers $SSH_USER" "UsePAM no" "PermitRootLogin yes" \
        "UseDNS no" "PidFile none" "PrintMotd no" "Subsystem sftp internal-sftp" >/etc/ssh/lab_sshd_config
    keep sshd /usr/sbin/sshd -D -e -f /etc/ssh/lab_sshd_config &
}

# GoBGP, its API over TLS with a certificate of its own.
blackholes() {
    ip route delete default dev eth0 2>/dev/null
    mkdir -p /etc/gobgp
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 365 -subj "/CN=$HOSTNAME" \
        -addext "subjectAltName=DNS:$HOSTNAME" -keyout /etc/gobgp/key.pem -out /etc/gobgp/cert.pem 2>/dev/null
    keep gobgpd gobgpd -f "/lab/bgp/$HOSTNAME.conf" --api-hosts 0.0.0.0:50051 --pprof-disable \
        --tls --tls-cert-file /etc/gobgp/cert.pem --tls-key-file /etc/gobgp/key.pem &
}

for service in "$@"; do
    case $service in
        frr) routing ;;
        kept-frr) kept_frr ;;
        bird) bird_daemon ;;
        sshd) login ;;
        rtbh) blackholes ;;
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
