#!/bin/sh
# The first program of the machine. Loads what is needed to see the disks, stacks the layers under a
# memory file system, sets up what every Linux system has, and hands over to /sbin/labkit-init.
# Runs in busybox's shell, in the initramfs. Sources: the kernel's Documentation/filesystems/
# (ramfs-rootfs-initramfs.rst, overlayfs.rst), Documentation/admin-guide/cgroup-v2.rst.

PATH=/bin
export PATH

fail() {
    echo "labkit: the machine cannot start: $1" >/dev/console
    poweroff -f
    sleep 60
}

must() {
    said=$("$@" 2>&1) || fail "$* failed: $said"
}

# Waits for a disk: devices are found in the background. A hundredth of a second at a time, ten at most.
await() {
    tries=0
    while [ ! -b "$1" ]; do
        tries=$((tries + 1))
        [ "$tries" -lt 1000 ] || fail "there is no disk $1 (kernel command line: $(cat /proc/cmdline))"
        usleep 10000
    done
}

must mount -t proc -o nosuid,nodev,noexec proc /proc
must mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
must mount -t devtmpfs -o nosuid,mode=0755 devtmpfs /dev

# In the order that their dependencies ask for: the names begin with a number.
for module in /modules/*.ko; do
    must insmod "$module"
done

await /dev/vda
await /dev/vdb
await /dev/vdc
must mount -t squashfs -o ro,nodev /dev/vda /layers/system
must mount -t squashfs -o ro,nodev /dev/vdb /layers/python
must mount -t squashfs -o ro,nodev /dev/vdc /layers/labkit
must mount -t tmpfs -o mode=0755 memory /layers/memory
lower=/layers/labkit:/layers/python:/layers/system
must mkdir /layers/memory/upper /layers/memory/work
must mount -t overlay -o \
    lowerdir=$lower,upperdir=/layers/memory/upper,workdir=/layers/memory/work overlay /newroot

must mount --move /proc /newroot/proc
must mount --move /sys /newroot/sys
must mount --move /dev /newroot/dev
must mkdir -p /newroot/dev/pts /newroot/dev/shm /newroot/dev/net
# Opening one of these loads its module.
must mknod /newroot/dev/net/tun c 10 200
must mknod -m 600 /newroot/dev/loop-control c 10 237
must mount -t devpts -o nosuid,noexec,gid=5,mode=0620,ptmxmode=0666 devpts /newroot/dev/pts
must mount -t tmpfs -o nosuid,nodev,mode=1777 shm /newroot/dev/shm
must mount -t tmpfs -o nosuid,nodev,mode=0755 run /newroot/run
must mount -t tmpfs -o nosuid,nodev,mode=1777 tmp /newroot/tmp
must ln -sf /proc/self/fd /newroot/dev/fd
must ln -sf /proc/self/fd/0 /newroot/dev/stdin
must ln -sf /proc/self/fd/1 /newroot/dev/stdout
must ln -sf /proc/self/fd/2 /newroot/dev/stderr
must mkdir -p /newroot/run/lock

# All controllers, for whoever makes a group below the root: one at a time, as one that the kernel
# refuses would take the others with it.
groups=/newroot/sys/fs/cgroup
must mount -t cgroup2 -o nosuid,nodev,noexec,nsdelegate cgroup2 $groups
for controller in $(cat $groups/cgroup.controllers); do
    must sh -c "echo +$controller > $groups/cgroup.subtree_control"
done

must ip link set lo up
must hostname lab

init=/sbin/labkit-init
for word in $(cat /newroot/proc/cmdline); do
    case $word in
        labkit.init=*) init=${word#labkit.init=} ;;
    esac
done
[ -x "/newroot$init" ] || fail "there is no program $init in the system layer"

PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
HOME=/root
LANG=C.UTF-8
export HOME LANG
exec /bin/switch_root /newroot "$init"
fail "switch_root failed"
