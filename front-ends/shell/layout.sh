#!/bin/sh
# SPDX-License-Identifier: MIT
# An example of a front end that needs only socat and jq. It creates the layout of a VM in
# gpalayoutd, keeps it while a command runs, and then deletes it. Meanwhile it records the events of
# the layout.
set -eu

usage='Usage: layout.sh NAME REQUEST COMMAND...

NAME is the name of the VM. REQUEST is a file that holds the request in JSON, for example
{"arch": "x86_64", "memory": {"nodes": ["4GiB"]}}. COMMAND gets the layout in JSON on standard
input. The script exits with the status of COMMAND. It exits with 1 if NAME has a layout already, or
if the daemon refuses a call or does not answer, and with 2 for wrong usage. If jq cannot read
REQUEST, it exits with the status of jq. It prints the events of the layout to standard error.
GPALAYOUT_SOCKET names the socket of the daemon. GPALAYOUT_TIMEOUT is the time limit in seconds for
connecting and for each reply; 30 by default.'

socket=${GPALAYOUT_SOCKET:-/run/gpalayoutd/control.sock}
timeout=${GPALAYOUT_TIMEOUT:-30}

# message METHOD PARAMS: prints the request as one line.
message() {
	jq -cn --arg method "$1" --argjson params "$2" '{jsonrpc: "2.0", id: 1, $method, $params}'
}

# ask METHOD PARAMS: prints the result. After an error, prints its message and returns 1.
# While the queue of connections is full, socat waits without a limit, so timeout(1) ends it.
ask() {
	reply=$(message "$1" "$2" | timeout "$timeout" socat "-t$timeout" - "UNIX-CONNECT:$socket") || :
	if [ -z "$reply" ]; then
		printf 'layout.sh: %s: no connection, or no reply within %s s; %s\n' "$1" "$timeout" \
			'the daemon may be busy or stopped' >&2
		return 1
	fi
	printf '%s\n' "$reply" |
		jq -ce '.result // ("layout.sh: \(.error.message)\n" | halt_error(1))' && return
	# jq exits with 1 for a refusal.
	[ $? -eq 1 ] || printf 'layout.sh: %s: the reply is invalid or was cut off\n' "$1" >&2
	return 1
}

# follow_events REVISION: starts a socat that writes the events after REVISION to a file. When
# descriptor 3 is closed, the daemon sends the events up to that moment and closes the connection,
# and socat exits.
follow_events() {
	mkfifo "$folder/requests"
	socat "-t$timeout" - "UNIX-CONNECT:$socket" <"$folder/requests" >"$folder/events" &
	exec 3>"$folder/requests"
	message events.subscribe "{\"since\": $1}" >&3
}

# delete_layout: deletes the layout and prints its events. Fails if the layout could not be deleted.
delete_layout() {
	failed=0
	ask layout.delete "$(printf '%s\n' "$created" | jq '{name, generation}')" >/dev/null || failed=1
	exec 3>&-
	wait
	jq -r --arg name "$name" '.params | select(.name == $name) | "\(.revision) \(.event) \(.name)"' \
		"$folder/events" >&2
	return $failed
}

if [ $# -lt 3 ]; then
	printf '%s\n' "$usage" >&2
	exit 2
fi
name=$1
request=$(jq -cs 'if length == 1 then .[0] else error("not one JSON value") end' "$2")
shift 2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# layout.resolve stores nothing. The script exits with the daemon's message if the VM does not fit.
ask layout.resolve "{\"request\": $request}" >/dev/null

page=$(ask layout.list '{"limit": 1}')
revision=$(printf '%s\n' "$page" | jq .revision)
params=$(jq -n --arg name "$name" --argjson request "$request" '{$name, $request}')
created=$(ask layout.create "$params")
if [ "$(printf '%s\n' "$created" | jq .created)" = false ]; then
	printf 'layout.sh: %s has a layout already\n' "$name" >&2
	exit 1
fi
trap 'delete_layout || { rm -rf "$folder"; exit 1; }; rm -rf "$folder"' EXIT
follow_events "$revision"

printf '%s\n' "$created" | jq .layout | "$@" 3>&-
