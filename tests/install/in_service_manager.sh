# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Runs as root under a systemd of its own. It tests what the service must do, and what its
# sandbox must prevent.
set -u

prefix=$(cat /mnt/result/prefix)
PATH=$prefix/bin:$PATH
ctl=$prefix/bin/gpalayoutctl
vm="--arch x86_64 --memory 1GiB"
tests=13
number=0

check() { # WHAT COMMAND...
	what=$1
	shift
	number=$((number + 1))
	if output=$("$@" 2>&1); then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		printf '%s\n' "$output" | sed 's/^/# /'
	fi
}

# Runs a command as a user with these supplementary groups, or with none.
as_user() { # UID GROUPS COMMAND...
	uid=$1 groups=$2
	shift 2
	setpriv --reuid="$uid" --regid="$uid" "${groups:+--groups=}${groups:---clear-groups}" "$@"
}

prop() { systemctl show --property="$1" --value gpalayoutd.service; }

status_of() { # EXPECTED COMMAND...
	expected=$1
	shift
	"$@"
	status=$?
	[ $status = "$expected" ] || { echo "status $status, not $expected"; return 1; }
}

until_true() { # COMMAND...
	tries=0
	until "$@"; do
		[ $((tries += 1)) -lt 600 ] || return 1
		sleep 0.1
	done
}

activation() {
	systemctl start gpalayoutd.socket gpalayoutd-inspect.socket || return 1
	[ "$(prop ActiveState)" = inactive ] || return 1
	"$ctl" info || { systemctl status --no-pager gpalayoutd.service; return 1; }
	[ "$(prop ActiveState)" = active ]
}

ready() {
	prop StatusText | grep '^Serving 0 layouts' && [ "$(prop NRestarts)" = 0 ] &&
		[ "$(prop Result)" = success ]
}

sockets() {
	[ "$(stat -c '%a %U %G' /run/gpalayoutd/control.sock)" = "660 root gpalayout" ] &&
		[ "$(stat -c %a /run/gpalayoutd/inspect.sock)" = 666 ] &&
		[ "$("$ctl" info --field sockets.inspect)" = /run/gpalayoutd/inspect.sock ] &&
		[ "$(stat -c '%a %U' /var/lib/gpalayoutd)" = "700 gpalayoutd" ]
}

ownership() {
	# shellcheck disable=SC2086 # several words
	as_user 2001 gpalayout "$ctl" create of-2001 $vm -q || return 1
	[ "$(as_user 2001 gpalayout "$ctl" get of-2001 --field owner_uid)" = 2001 ] || return 1
	status_of 4 as_user 2002 gpalayout "$ctl" delete of-2001 || return 1
	# shellcheck disable=SC2086
	status_of 3 as_user 2003 "" "$ctl" create of-2003 $vm || return 1
	status_of 0 as_user 2003 "" "$ctl" get of-2001 -q
}

admins() {
	# shellcheck disable=SC2086
	as_user 2001 gpalayout "$ctl" create another $vm -q &&
		as_user 2004 gpalayout,gpalayout-admin "$ctl" delete another
}

restart() {
	before=$("$ctl" get of-2001 --json)
	systemctl restart gpalayoutd.service && [ "$("$ctl" get of-2001 --json)" = "$before" ] || return 1
	# If nobody starts it, the next client does.
	systemctl stop gpalayoutd.service && [ "$("$ctl" get of-2001 --json)" = "$before" ]
}

# Follows gpalayoutd(8) and README.md.
backup_and_restore() {
	"$ctl" backup /run/layouts.backup && before=$("$ctl" get of-2001 --field layout.digest) || return 1
	systemctl stop gpalayoutd.socket gpalayoutd-inspect.socket gpalayoutd-ttrpc.socket gpalayoutd.service
	mv /var/lib/gpalayoutd /var/lib/gpalayoutd.old
	"$prefix/sbin/gpalayoutd" --config none --socket /run/restore.sock --inspect-socket none --restore /run/layouts.backup &
	daemon=$!
	[ "$("$ctl" --retry 30 --socket /run/restore.sock get of-2001 --field layout.digest)" = "$before" ] || return 1
	kill -INT $daemon && wait $daemon || return 1
	systemctl start gpalayoutd.socket gpalayoutd-inspect.socket || return 1
	[ "$("$ctl" get of-2001 --field layout.digest)" = "$before" ]
}

# Follows README.md: stop the service, then start the socket.
ttrpc() {
	[ ! -e /run/gpalayoutd/ttrpc.sock ] && [ "$(systemctl is-enabled gpalayoutd-ttrpc.socket)" = disabled ] || return 1
	systemctl stop gpalayoutd.service && systemctl start gpalayoutd-ttrpc.socket || return 1
	[ "$("$ctl" info --field sockets.ttrpc)" = /run/gpalayoutd/ttrpc.sock ] &&
		[ "$(stat -c '%a %U %G' /run/gpalayoutd/ttrpc.sock)" = "660 root gpalayout" ] &&
		grep 'event=listening socket=ttrpc ' /mnt/result/daemon
}

is_confined() {
	pid=$(prop MainPID)
	cat "/proc/$pid/status"
	[ "$(ps -o user= -p "$pid")" = "gpalayo+" ] || [ "$(ps -o user:20= -p "$pid")" = gpalayoutd ] || return 1
	grep -q '^CapEff:	0*$' "/proc/$pid/status" && grep -q '^CapBnd:	0*$' "/proc/$pid/status" &&
		grep -q '^NoNewPrivs:	1$' "/proc/$pid/status" && grep -q '^Seccomp:	2$' "/proc/$pid/status" || return 1
	# The daemon has its own filter, in addition to that of the unit.
	grep -q 'event=ready .* confined=yes ' /mnt/result/daemon && ! grep not_confined /mnt/result/daemon
}

# Runs a command in the mounts of the daemon, as its user.
inside() {
	nsenter -t "$(prop MainPID)" -m setpriv --reuid=gpalayoutd --regid=gpalayoutd --clear-groups "$@"
}

sandbox_holds() {
	pid=$(prop MainPID)
	# The first loop writes as root, whom only the mounts stop; the second writes as the daemon's user.
	for path in /etc /usr /home /run; do
		nsenter -t "$pid" -m touch "$path/written" && return 1
	done
	for path in / /etc /run /run/lock /run/gpalayoutd /var/lib; do
		inside touch "$path/written" && return 1
	done
	inside touch /var/lib/gpalayoutd/written || return 1
	rm /var/lib/gpalayoutd/written
	# The daemon has no network interface but lo.
	[ "$(sed 1,2d "/proc/$pid/net/dev" | wc -l)" = 1 ]
}

users_are_seen() {
	pid=$(prop MainPID)
	[ "$(awk '{ print $3 }' "/proc/$pid/uid_map")" = 4294967295 ] && ! grep users_hidden /mnt/result/daemon
}

has_restarted() { [ "$(prop NRestarts)" -ge 1 ]; }

# The store thread waits for the disk for ever, while the loop goes on.
watchdog() {
	mkdir -p /run/systemd/system/gpalayoutd.service.d
	cp /mnt/result/fault.so /run/fault.so
	printf '[Service]\nEnvironment=LD_PRELOAD=/run/fault.so GPALAYOUT_FAULT_FILE=/run/fault\nWatchdogSec=3\n' \
		>/run/systemd/system/gpalayoutd.service.d/fault.conf
	echo none >/run/fault
	systemctl daemon-reload && systemctl restart gpalayoutd.service || return 1
	echo stall >/run/fault
	# shellcheck disable=SC2086
	"$ctl" --timeout 1 create stuck $vm
	until_true has_restarted || return 1
	echo none >/run/fault
	until_true "$ctl" get of-2001 -q
}

# Without a node exporter the unit does nothing.
metrics() {
	folder=/var/lib/prometheus/node-exporter
	rm -rf $folder
	systemctl start gpalayoutd-metrics.service || return 1
	[ ! -e $folder ] || { echo "$folder was made"; return 1; }
	mkdir -p $folder
	systemctl start gpalayoutd-metrics.service || return 1
	grep '^gpalayoutd_build_info{' $folder/gpalayoutd.prom || return 1
	[ "$(stat -c %a $folder/gpalayoutd.prom)" = 644 ] && [ "$(ls $folder)" = gpalayoutd.prom ]
}

systemd-sysusers || exit 1
ldconfig
mkdir -p /run/systemd/system/gpalayoutd.service.d
printf '[Service]\nStandardError=append:/mnt/result/daemon\n' >/run/systemd/system/gpalayoutd.service.d/log.conf
systemctl daemon-reload

echo "1..$tests"
check "a client starts the daemon (socket activation)" activation
check "the daemon reports to systemd that it is ready, and how many layouts it serves" ready
check "sockets and state have the modes and groups of the units" sockets
check "only the owner may delete a layout, and only the group may use the control socket" ownership
check "a member of the admin group may change the layouts of others" admins
check "a restart keeps the layouts" restart
check "a backup is restored as the manual says" backup_and_restore
check "the daemon serves the ttrpc socket once its unit is started" ttrpc
check "the daemon runs as its user, without capabilities, and with a filter of system calls" is_confined
check "the sandbox denies writing outside of the state folder, and the network" sandbox_holds
check "the daemon sees the uids of its clients" users_are_seen
check "the metrics service writes its file for the node exporter" metrics
if [ -f /mnt/result/fault.so ]; then
	check "the watchdog restarts a daemon whose store is stuck, and no layout is lost" watchdog
else
	echo "ok $tests # SKIP tests/socket/fault.so is missing in this build"
fi
