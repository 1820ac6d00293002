#!/bin/sh
# Runs in new namespaces, as the first process of a machine, and becomes its init.
# Arguments: the release's root and the machine's folder, which lies beside it, by their names; then
# its hierarchies of control groups: each as FOLDER=OPTIONS for version 1, or `unified`, version 2.
# It begins in the folder of machines: of a path of the checkout's, mount(8) would read a comma or a
# colon as more options.
set -eu
release=../../roots/$1 name=$2
shift 2

mount --make-rprivate /
cd "$name"
mkdir root upper work docker containers home
mount -t overlay -o lowerdir="$release",upperdir=upper,workdir=work overlay root

# The engine's data and the homes lie on the host's own file system: overlays do not stack.
mkdir -p root/var/lib/docker root/var/lib/containers root/var/cache/pip
mount --bind docker root/var/lib/docker
mount --bind containers root/var/lib/containers
mount --bind home root/home
mount --bind ../../pip root/var/cache/pip

mount -t proc proc root/proc
mount -t sysfs sysfs root/sys
mount -t tmpfs -o mode=755 tmpfs root/dev
for device in null zero full random urandom tty fuse net/tun; do
    test -e "/dev/$device" || continue
    mkdir -p "$(dirname "root/dev/$device")"
    # For every user, as udev has it; the host's own may be root's alone.
    mknod -m 666 "root/dev/$device" c $(stat -c '0x%t 0x%T' "/dev/$device")
done
mkdir root/dev/pts root/dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts root/dev/pts
ln -s pts/ptmx root/dev/ptmx
ln -s /proc/self/fd root/dev/fd
ln -s fd/0 root/dev/stdin
ln -s fd/1 root/dev/stdout
ln -s fd/2 root/dev/stderr
for place in dev/shm run tmp; do
    mount -t tmpfs -o mode=1777 tmpfs "root/$place"
done

if test "$1" = unified; then
    mount -t cgroup2 cgroup2 root/sys/fs/cgroup
    # A group that hands controllers down may hold no process itself.
    mkdir root/sys/fs/cgroup/init
    echo $$ > root/sys/fs/cgroup/init/cgroup.procs
    for controller in $(cat root/sys/fs/cgroup/cgroup.controllers); do
        echo "+$controller" > root/sys/fs/cgroup/cgroup.subtree_control
    done
else
    mount -t tmpfs -o mode=755 tmpfs root/sys/fs/cgroup
    for hierarchy in "$@"; do
        mkdir "root/sys/fs/cgroup/${hierarchy%%=*}"
        mount -t cgroup -o "${hierarchy#*=}" cgroup "root/sys/fs/cgroup/${hierarchy%%=*}"
    done
fi

# The host's names, certificates and pip settings: the way to its mirrors may need them.
cp -L /etc/resolv.conf root/etc/resolv.conf
cp -L /etc/ssl/certs/ca-certificates.crt root/etc/ssl/certs/ca-certificates.crt
if test -e /etc/pip.conf; then cp -L /etc/pip.conf root/etc/pip.conf; fi
hostname "$name"
printf '127.0.0.1 localhost %s\n' "$name" > root/etc/hosts

cd root
mkdir former
pivot_root . former
cd /
umount -l /former
rmdir /former
exec docker-init -- sleep infinity
