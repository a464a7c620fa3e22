# shellcheck shell=sh
# SPDX-License-Identifier: MIT
# Runs as root under a systemd of its own, and first removes a gpalayoutd that is installed.
# /mnt/result has:
#   new/                  the packages of the tree
#   old/                  the same packages with a lower version
#   registry.db, digests  a registry of 0.1.0, and the digests of its layouts
#   tests/                what autopkgtest runs
set -u

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
packages="gpalayoutd gpalayoutctl libgpalayout-client0 libgpalayout-dev libgpalayout0 python3-gpalayout"
state=/var/lib/gpalayoutd
vm="--arch x86_64 --memory 1GiB"
tests=16
number=0

check() { # WHAT COMMAND...
	what=$1
	shift
	number=$((number + 1))
	if output=$("$@" 2>&1); then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		printf '%s\n' "$output" | tail -30 | sed 's/^/# /'
	fi
}

prop() { systemctl show --property="$1" --value "${2:-gpalayoutd.service}"; }

# Installs the named packages of a version, or all of them. It uses apt, as an administrator does, if
# package_check.sh has fetched their dependencies.
install_packages() { # old|new PACKAGE...
	version=$1
	shift
	# shellcheck disable=SC2086 # a list of words
	[ $# -gt 0 ] || set -- $packages
	for package; do
		shift
		set -- "$@" "$(echo /mnt/result/"$version/$package"_*.deb)"
	done
	if [ -e /mnt/result/with_apt ]; then
		apt-get -y -q --no-install-recommends --allow-downgrades --reinstall install "$@"
	else
		dpkg -i "$@"
	fi
}

install_service() { # old|new: the daemon, the command and their libraries
	install_packages "$1" gpalayoutd gpalayoutctl libgpalayout0 libgpalayout-client0
}

purge() {
	# shellcheck disable=SC2086 # a list of words
	dpkg --purge $packages
}

assert_is() { # WHAT EXPECTED FOUND
	[ "$2" = "$3" ] || { echo "$1 is $3, not $2"; return 1; }
}

sockets_are() { # STATE
	for socket in gpalayoutd.socket gpalayoutd-inspect.socket; do
		assert_is "$socket" "$1" "$(prop ActiveState $socket)" || return 1
	done
}

# Succeeds if the daemon has each layout of a list of names and digests.
has_layouts() { # FILE
	while read -r name digest; do
		assert_is "$name" "$digest" "$(gpalayoutctl get "$name" --field layout.digest)" || return 1
	done <"$1"
}

daemon_owns_state() {
	assert_is "$state" "gpalayoutd 700" "$(stat -c '%U %a' $state)" &&
		assert_is "files of other users" "" "$(find $state ! -user gpalayoutd)"
}

start_is_clean() {
	[ ! -e $state ] && ! command -v gpalayoutctl && ! command -v gpalayoutd
}

fresh() {
	install_packages old || return 1
	sockets_are active && assert_is "the service" inactive "$(prop ActiveState)" || return 1
	assert_is "a layout" 0x60000000 "$(gpalayoutctl resolve --arch x86_64 --memory 1536MiB --field layout.end_of_ram)" &&
		assert_is "the service" active "$(prop ActiveState)" && daemon_owns_state
}

enabled() {
	for unit in gpalayoutd.socket gpalayoutd-inspect.socket; do
		assert_is $unit enabled "$(systemctl is-enabled $unit)" || return 1
	done
	for unit in gpalayoutd.service gpalayoutd-metrics.timer; do
		assert_is $unit disabled "$(systemctl is-enabled $unit)" || return 1
	done
}

autopkgtests() {
	for script in /mnt/result/tests/*; do
		[ "${script##*/}" != library ] || command -v gcc >/dev/null || continue
		"$script" || return 1
	done
}

completes() {
	bash -c '. /usr/share/bash-completion/completions/gpalayoutctl && complete -p gpalayoutctl' || return 1
	! command -v zsh || zsh -c 'autoload -U compinit && compinit -u && [[ $_comps[gpalayoutctl] = _gpalayoutctl ]]'
}

upgrade_of_a_running_service() {
	# shellcheck disable=SC2086
	for number_of in 1 2 3; do
		gpalayoutctl create vm-$number_of $vm -q || return 1
		echo "vm-$number_of $(gpalayoutctl get vm-$number_of --field layout.digest)"
	done >/mnt/result/made || return 1
	echo 'limit = list_page=123' >>/etc/gpalayoutd.conf
	pid=$(prop MainPID)
	inode=$(stat -c %i /run/gpalayoutd/control.sock)
	install_packages new || return 1
	assert_is "the socket" "$inode" "$(stat -c %i /run/gpalayoutd/control.sock)" && sockets_are active &&
		assert_is "the service" active "$(prop ActiveState)" && [ "$pid" != "$(prop MainPID)" ] || return 1
	has_layouts /mnt/result/made && assert_is "the layouts" 3 "$(gpalayoutctl list | tail -n +2 | wc -l)" || return 1
	tail -n 1 /etc/gpalayoutd.conf | grep list_page && assert_is "a limit" 123 "$(gpalayoutctl info --field limits.list_page)"
}

masked_stays() {
	systemctl mask --now gpalayoutd-inspect.socket && install_service new || return 1
	assert_is "the inspect socket" masked "$(systemctl is-enabled gpalayoutd-inspect.socket)" &&
		assert_is "the inspect socket" inactive "$(prop ActiveState gpalayoutd-inspect.socket)" || return 1
	# A socket cannot start while its service runs.
	systemctl unmask gpalayoutd-inspect.socket && systemctl stop gpalayoutd.service &&
		systemctl start gpalayoutd-inspect.socket
}

removal() {
	metrics=/var/lib/prometheus/node-exporter
	mkdir -p $metrics && touch $metrics/gpalayoutd.prom $metrics/gpalayoutd.prom.new $metrics/other.prom
	systemctl stop gpalayoutd.service && systemctl enable --now gpalayoutd-ttrpc.socket || return 1
	systemctl start gpalayoutd-metrics.timer
	gpalayoutctl info >/dev/null && [ -e /run/gpalayoutd/ttrpc.sock ] || return 1
	# shellcheck disable=SC2086
	dpkg --remove $packages || return 1
	for unit in gpalayoutd.service gpalayoutd.socket gpalayoutd-inspect.socket gpalayoutd-ttrpc.socket \
		gpalayoutd-metrics.timer; do
		assert_is $unit "not-found inactive" "$(prop LoadState $unit) $(prop ActiveState $unit)" || return 1
	done
	assert_is "the metrics" other.prom "$(ls $metrics)" || return 1
	[ ! -e /run/gpalayoutd/control.sock ] && [ ! -e /run/gpalayoutd/ttrpc.sock ] && [ -e /etc/gpalayoutd.conf ] && daemon_owns_state
}

purge_keeps() {
	said=$(purge 2>&1)
	echo "$said"
	assert_is "lines about the layouts" 1 "$(echo "$said" | grep -c "^gpalayoutd: keeping the layouts in $state")" &&
		[ ! -e /etc/gpalayoutd.conf ] && daemon_owns_state && install_service new && has_layouts /mnt/result/made
}

purge_without_debconf() {
	mv /usr/share/debconf/confmodule /usr/share/debconf/confmodule.off
	purge
	mv /usr/share/debconf/confmodule.off /usr/share/debconf/confmodule
	daemon_owns_state && install_service new && has_layouts /mnt/result/made
}

# Purges on a terminal, and answers the question.
purge_and_answer() { # no|yes
	echo "$1" | DEBIAN_FRONTEND=teletype script -qec "dpkg --purge gpalayoutd" /dev/null | tr -d '\r' >/tmp/said
	cat /tmp/said
	grep -q 'Delete the guest physical layouts of this host?' /tmp/said
}

purge_asks() {
	purge_and_answer no && daemon_owns_state && install_packages new gpalayoutd && has_layouts /mnt/result/made || return 1
	cp -a $state /tmp/state
	purge_and_answer yes && [ ! -e $state ] || return 1
	cp -a /tmp/state $state && install_packages new gpalayoutd && has_layouts /mnt/result/made
}

# The answer yes holds for one purge only.
purge_deletes() {
	echo 'gpalayoutd gpalayoutd/purge-layouts boolean true' | debconf-set-selections && purge || return 1
	[ ! -e $state ] || { ls -la $state; return 1; }
	install_service new && gpalayoutctl info >/dev/null && purge && [ -e $state/registry.db ] && rm -rf $state
}

# The state is on a disk of its own, or in a folder elsewhere. The purge empties the disk or the folder, keeps
# it, and removes the link.
purge_deletes_elsewhere() {
	for place in disk link; do
		install_service new || return 1
		rm -rf $state
		case $place in
		disk) mkdir $state && mount -t tmpfs tmpfs $state ;;
		link) rm -rf /srv/layouts && mkdir /srv/layouts && ln -s /srv/layouts $state ;;
		esac || return 1
		touch $state/registry.db
		echo 'gpalayoutd gpalayoutd/purge-layouts boolean true' | debconf-set-selections
		purge || return 1
		if [ $place = disk ]; then
			assert_is "the disk" "" "$(ls -A $state)" && umount $state && rmdir $state || return 1
		else
			assert_is "the folder" "" "$(ls -A /srv/layouts)" && [ ! -L $state ] || return 1
		fi
	done
}

# Root starts the daemon, as the start of README.md says, while no package is installed.
root_daemon() {
	for package in gpalayoutd gpalayoutctl libgpalayout0 libgpalayout-client0; do
		dpkg-deb -x /mnt/result/old/${package}_*.deb /tmp/by-hand || return 1
	done
	LD_LIBRARY_PATH=$(echo /tmp/by-hand/usr/lib/*-linux-*)
	export LD_LIBRARY_PATH
	mkdir -p /run/gpalayoutd
	/tmp/by-hand/usr/sbin/gpalayoutd --config=none 2>/tmp/by-hand/log &
	daemon=$!
	# shellcheck disable=SC2086
	/tmp/by-hand/usr/bin/gpalayoutctl --retry 30 create of-root $vm -q
	made=$?
	kill $daemon && wait $daemon
	unset LD_LIBRARY_PATH
	cat /tmp/by-hand/log
	[ $made = 0 ] && assert_is "$state" "root 700" "$(stat -c '%U %a' $state)"
}

root_daemons_folder() {
	root_daemon && install_service old || return 1
	gpalayoutctl get of-root -q && assert_is "the owner" 0 "$(gpalayoutctl get of-root --field owner_uid)" &&
		daemon_owns_state && gpalayoutctl delete of-root
}

# This registry was written by 0.1.0, and no daemon has opened it since.
registry_of_0_1_0() {
	systemctl stop gpalayoutd.service && rm -rf $state && mkdir -m 700 $state || return 1
	install -m 600 /mnt/result/registry.db $state/registry.db
	install_service new || return 1
	assert_is "the service" inactive "$(prop ActiveState)" && has_layouts /mnt/result/digests && daemon_owns_state || return 1
	assert_is "the layouts" "$(wc -l </mnt/result/digests)" "$(gpalayoutctl list | tail -n +2 | wc -l)" &&
		systemctl restart gpalayoutd.service && has_layouts /mnt/result/digests
}

# Files of a build from source would be found before those of the packages.
rm -rf $state /etc/gpalayoutd.conf /etc/systemd/system/gpalayoutd* /usr/local/lib/systemd/system/gpalayoutd* \
	/usr/local/lib/libgpalayout* /usr/local/lib/pkgconfig/gpalayout* /usr/local/include/gpalayout /usr/sbin/policy-rc.d
purge >/dev/null 2>&1
ldconfig
# The test needs no index of the manual pages.
rm -f /var/lib/man-db/auto-update
systemctl daemon-reload
# Socket activation would start systemd-sysusers here. On a host it runs only at boot, so the package must make
# its users itself.
systemctl mask --runtime systemd-sysusers.service

echo "1..$tests"
check "gpalayoutd is not installed at first" start_is_clean
check "after the installation the sockets listen, and the first client starts the daemon and gets a layout" fresh
check "the sockets are enabled, the service and the timer are not" enabled
check "the tests of autopkgtest pass" autopkgtests
check "bash and zsh complete gpalayoutctl" completes
check "an upgrade restarts the service, and keeps layouts, sockets and the configuration" upgrade_of_a_running_service
check "an upgrade keeps a socket masked" masked_stays
check "a removal stops all units and keeps the layouts" removal
check "a purge that cannot ask keeps the layouts, and says so" purge_keeps
check "a purge without debconf keeps the layouts" purge_without_debconf
check "a purge on a terminal asks, and deletes the layouts only after a yes" purge_asks
check "a purge with a yes in advance deletes the layouts" purge_deletes
check "a purge with a yes in advance deletes layouts on a disk of their own, or in a folder elsewhere" purge_deletes_elsewhere
check "the service takes over the folder of a daemon that root started" root_daemons_folder
check "an upgrade keeps every layout of a registry of 0.1.0 that root owns" registry_of_0_1_0
check "no unit of gpalayoutd has failed in the end" sh -c '! systemctl --failed --no-legend | grep gpalayoutd'
