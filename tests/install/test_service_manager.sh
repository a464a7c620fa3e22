#!/bin/sh
# SPDX-License-Identifier: MIT
# The service under a real service manager: systemd as process 1 of namespaces of its own, with
# what is installed here laid over the file system of this host. What is looked at is in
# in_service_manager.sh; nothing that happens there reaches this host.
set -eu

tests=11
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

skip_all() {
	echo "1..$tests"
	number=0
	while [ $((number += 1)) -le $tests ]; do
		echo "ok $number # SKIP $1"
	done
	exit 0
}

[ -x /lib/systemd/systemd ] || skip_all "systemd is missing (Debian: systemd)"
[ "$(id -u)" = 0 ] || skip_all "namespaces with a service manager need root"
unshare --pid --fork --mount --uts --ipc --cgroup --net true 2>/dev/null || skip_all "namespaces are not permitted here"

mkdir "$work/stage" "$work/space" "$work/result"
if ! make -s -C "$TOP_BUILDDIR" install DESTDIR="$work/stage" >"$work/log" 2>&1; then
	echo "Bail out! what is built cannot be installed"
	sed 's/^/# /' "$work/log"
	exit 1
fi
sed -n 's/^prefix = //p' "$TOP_BUILDDIR/Makefile" >"$work/result/prefix"
cp "$TOP_SRCDIR/tests/install/in_service_manager.sh" "$work/result/run"
[ ! -f "${GPALAYOUT_FAULTS:=$TOP_BUILDDIR/tests/socket/.libs/fault.so}" ] || cp "$GPALAYOUT_FAULTS" "$work/result/fault.so"

cat >"$work/enter" <<'END'
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/space"
mkdir "$1/space/work" "$1/space/root"
cp -a "$1/stage" "$1/space/upper"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/space/upper,workdir=$1/space/work" "$1/space/root"
cd "$1/space/root"
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for name in null zero full random urandom tty; do
	touch dev/$name
	mount --bind /dev/$name dev/$name
done
mkdir -p dev/pts dev/shm dev/mqueue mnt/result
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount --bind "$1/result" mnt/result
cat >etc/systemd/system/examine.service <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
TimeoutStartSec=300
ExecStart=/bin/sh /mnt/result/run
StandardOutput=file:/mnt/result/tap
StandardError=file:/mnt/result/errors
ExecStopPost=/bin/systemctl poweroff --force --force
UNIT
mkdir -p old
pivot_root . old
umount -l /old
export container=docker
exec /lib/systemd/systemd --unit=examine.service --log-level=warning --show-status=0
END
# A manager that powers off ends as if it were interrupted.
timeout 400 unshare --pid --fork --kill-child --mount --uts --ipc --cgroup --net sh "$work/enter" "$work" >"$work/log" 2>&1 || :
if [ -s "$work/result/tap" ]; then
	cat "$work/result/tap"
else
	echo "1..$tests"
	echo "not ok 1 - the service manager starts"
fi
if ! [ -s "$work/result/tap" ] || grep -q '^not ok' "$work/result/tap"; then
	cat "$work/log" "$work/result/errors" "$work/result/daemon" 2>/dev/null | tail -40 | sed 's/^/# /'
fi
