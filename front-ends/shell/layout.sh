#!/bin/sh
# SPDX-License-Identifier: MIT
# An example of a front end that has only socat and jq. It gets the layout of a VM from gpalayoutd,
# keeps it while a command runs, and then frees it: resolve, create, watch, delete.
set -eu

usage='Usage: layout.sh NAME REQUEST COMMAND...

NAME is the name of the VM. REQUEST is a file that holds the request in JSON, for example
{"arch": "x86_64", "memory": {"nodes": ["4GiB"]}}. COMMAND gets the layout in JSON on standard
input, and its exit status is that of the script; it is 1 if the layout could not be freed. Events of
the layout go to standard error.
GPALAYOUT_SOCKET is the socket of the daemon, and GPALAYOUT_TIMEOUT how many seconds it may take to
connect and reply; 30 by default.'

socket=${GPALAYOUT_SOCKET:-/run/gpalayoutd/control.sock}
timeout=${GPALAYOUT_TIMEOUT:-30}

# message METHOD PARAMS: prints the request as one line.
message() {
	jq -cn --arg method "$1" --argjson params "$2" '{jsonrpc: "2.0", id: 1, $method, $params}'
}

# ask METHOD PARAMS: prints the result, or complains and fails. socat waits for a place in a full
# queue of connections without a limit.
ask() {
	reply=$(message "$1" "$2" | timeout "$timeout" socat "-t$timeout" - "UNIX-CONNECT:$socket") || :
	if [ -z "$reply" ]; then
		printf 'layout.sh: %s: no reply within %s s, or the connection was closed; %s\n' "$1" "$timeout" \
			'the daemon may be busy or stopped' >&2
		return 1
	fi
	printf '%s\n' "$reply" |
		jq -ce '.result // ("layout.sh: \(.error.message)\n" | halt_error(1))' && return
	# jq exits with 1 for a refusal.
	[ $? -eq 1 ] || printf 'layout.sh: %s: the reply is invalid or was cut off\n' "$1" >&2
	return 1
}

# watch REVISION: writes the events after it into a file, until descriptor 3 is closed. The daemon
# then sends the events up to that moment and closes the connection.
watch() {
	mkfifo "$folder/requests"
	socat "-t$timeout" - "UNIX-CONNECT:$socket" <"$folder/requests" >"$folder/events" &
	exec 3>"$folder/requests"
	message events.subscribe "{\"since\": $1}" >&3
}

# free: deletes the layout and shows what happened to it. Its status is that of the deletion.
free() {
	freed=0
	ask layout.delete "$(printf '%s\n' "$created" | jq '{name, generation}')" >/dev/null || freed=1
	exec 3>&-
	wait
	jq -r --arg name "$name" '.params | select(.name == $name) | "\(.revision) \(.event) \(.name)"' \
		"$folder/events" >&2
	return $freed
}

if [ $# -lt 3 ]; then
	printf '%s\n' "$usage" >&2
	exit 2
fi
name=$1
request=$(jq -c . "$2")
shift 2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# This keeps nothing: it only says where the VM would go, or why it does not fit.
ask layout.resolve "{\"request\": $request}" >/dev/null

page=$(ask layout.list '{"limit": 1}')
revision=$(printf '%s\n' "$page" | jq .revision)
params=$(jq -n --arg name "$name" --argjson request "$request" '{$name, $request}')
created=$(ask layout.create "$params")
if [ "$(printf '%s\n' "$created" | jq .created)" = false ]; then
	printf 'layout.sh: %s has a layout already\n' "$name" >&2
	exit 1
fi
trap 'free || { rm -rf "$folder"; exit 1; }; rm -rf "$folder"' EXIT
watch "$revision"

printf '%s\n' "$created" | jq .layout | "$@" 3>&-
