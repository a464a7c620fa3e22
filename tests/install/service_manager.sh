# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# For tests that need a real service manager: systemd as process 1 in namespaces of its own. Its file system
# is an overlay over a root folder. It can change only one folder of this host, WORK/result, which is /mnt/result there.

# why_no_manager ROOT: prints why systemd cannot run on this root, or nothing if it can.
why_no_manager() {
	if [ ! -x "${1%/}/lib/systemd/systemd" ]; then
		echo "systemd is missing (Debian: systemd)"
	elif [ "$(id -u)" != 0 ]; then
		echo "namespaces with a service manager need root"
	elif ! unshare --pid --fork --mount --uts --ipc --cgroup --net true 2>/dev/null; then
		echo "namespaces are not permitted here"
	fi
}

# skip_all TESTS WHY: prints the results of a script that skips all its tests.
skip_all() {
	echo "1..$1"
	number=0
	while [ $((number += 1)) -le "$1" ]; do
		echo "ok $number # SKIP $2"
	done
}

# run_in_manager WORK ROOT: starts systemd on ROOT, with the files of WORK/stage over it, and runs
# WORK/result/run as root. The output goes to the files tap and errors of WORK/result.
run_in_manager() {
	mkdir -p "$1/stage" "$1/space" "$1/result"
	cat >"$1/enter" <<'ENTER'
set -eu
mount --make-rprivate /
mount -t tmpfs tmpfs "$1/space"
mkdir "$1/space/work" "$1/space/root"
cp -a "$1/stage" "$1/space/upper"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/space/upper,workdir=$1/space/work" "$1/space/root"
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
ENTER
	# When systemd powers off, unshare exits as if a signal had killed it.
	timeout 400 unshare --pid --fork --kill-child --mount --uts --ipc --cgroup --net \
		sh "$1/enter" "$1" "$2" >"$1/log" 2>&1 || :
}

# report_manager WORK TESTS: prints the results of the run, and what may explain a failure.
report_manager() {
	if [ -s "$1/result/tap" ]; then
		cat "$1/result/tap"
	else
		echo "1..$2"
		echo "not ok 1 - the service manager starts"
	fi
	if ! [ -s "$1/result/tap" ] || grep -q '^not ok' "$1/result/tap"; then
		cat "$1/log" "$1/result/errors" "$1/result/daemon" 2>/dev/null | tail -40 | sed 's/^/# /'
	fi
}
