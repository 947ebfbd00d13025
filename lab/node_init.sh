#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The first process of a node: builds its root and stays. Arguments: MODE:SOURCE:TARGET per bind.
# It says its pid as the lab's private root sees it (the old /proc is still mounted there), then,
# from inside its own root, "ready", and then reaps orphans for the node's lifetime. Said before
# the chroot, "ready" would have /proc/PID/root still lead to the machine's own files.
set -e
read -r pid rest < /proc/self/stat
base=/run/clabns/nodes/$NODE
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs "$base"
mkdir "$base/upper" "$base/work" "$base/root"
mount -t overlay -o "lowerdir=/,upperdir=$base/upper,workdir=$base/work" overlay "$base/root"
root=$base/root
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
mkdir "$root/dev/pts" "$root/dev/shm"
for device in null zero full random urandom tty; do
  : > "$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"
done
ln -s /proc/self/fd "$root/dev/fd"; ln -s fd/0 "$root/dev/stdin"
ln -s fd/1 "$root/dev/stdout"; ln -s fd/2 "$root/dev/stderr"; ln -s pts/ptmx "$root/dev/ptmx"
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$root/dev/pts"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
mkdir -p -m 1777 "$root/run/lock"
for bind in "$@"; do
  mode=${bind%%:*}; bind=${bind#*:}; source=${bind%%:*}; target=$root${bind#*:}
  if [ -d "$source" ]; then mkdir -p "$target"
  else mkdir -p "${target%/*}"; [ -e "$target" ] || : > "$target"; fi
  mount --bind "$source" "$target"
  [ "$mode" = rw ] || mount -o remount,bind,ro "$target"
done
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
hostname "$NODE"
ip link set lo up
echo "$pid"
exec chroot "$root" sh -c 'cd /; echo ready; exec >/dev/null 2>&1 </dev/null; while :; do sleep 86400 & wait; done'
