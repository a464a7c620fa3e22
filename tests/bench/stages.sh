#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints how many instructions each stage of a request takes. It counts them with valgrind's callgrind, which
# a busy machine does not disturb. `make bench-stages` runs it in a build folder.
#
# The daemon gets a short and a long load. The script prints the difference for each further request, so that
# start and exit do not count. The figures are instructions of the program: callgrind does not see what the
# kernel does in a system call, so the script counts the calls.
set -eu

# A name, and the functions of the stage. Its cost includes everything that they call. If a function of a
# stage calls another of the same stage, the cost counts once. An indented stage is a part of the stage
# above.
stages='
read from the socket|on_read
  append to the input|gpald_line_buffer_append
cut into lines|gpald_line_buffer_(next|has_line)
answer a line|gpald_service_answer
  envelope|parse_line
    parse|gpald_json_parse
  decode params|gpald_decode_params
  resolve|gpal_resolve
  decode the record|gpald_decode_record
  write the layout|gpald_encode_layout
    digest|gpal_layout_digest
  write the request|gpald_encode_request
send the output|gpald_connection_(note_output|hold|flush|send_held)
  write|uv_write|uv_try_write
all memory calls|malloc|calloc|realloc|free
read()|read
write()|write|writev|sendmsg
epoll_ctl()|epoll_ctl
epoll_wait()|epoll_wait|epoll_pwait
'

# A case of socket_bench, the number of connections, and the requests in flight.
loads='
resolve 1, distinct|50|1
resolve 1, distinct|50|16
resolve 16, distinct|50|16
get|50|16
'
short=500
long=2500

if ! command -v valgrind >/dev/null; then
	echo 'stages.sh: skipped, because valgrind is missing (Debian package: valgrind)'
	exit 0
fi

work=$(mktemp -d)
daemon=
trap '[ ! "$daemon" ] || kill "$daemon" 2>/dev/null; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
load() {
	tests/bench/socket_bench load "$work/sock" "$@"
}

fail() {
	echo "stages.sh: $*" >&2
	cat "$work/log" >&2
	exit 1
}

# Runs the daemon for this many requests of a load and writes the costs to a file. The daemon is not confined,
# because valgrind makes system calls of its own.
# usage: measure FILE COUNT CASE CONNECTIONS IN-FLIGHT
measure() {
	./libtool --mode=execute valgrind --tool=callgrind --callgrind-out-file="$1" \
		./gpalayoutd --config none --confine no --socket "$work/sock" --inspect-socket none --store memory \
		--log-level error >"$work/log" 2>&1 &
	daemon=$!
	tries=0
	until load probe 1 1 0 2>/dev/null; do
		tries=$((tries + 1))
		if [ "$tries" -eq 300 ] || ! kill -0 "$daemon" 2>/dev/null; then
			fail "the daemon did not start"
		fi
		sleep 0.1
	done
	# The layouts of the load.
	if [ "$3" = get ]; then
		load create 1 1 256
	fi
	load "$3" "$4" "$5" "$2"
	kill "$daemon"
	wait "$daemon" || fail "the daemon failed"
	daemon=
}

# Adds the costs of a file to the table: column, requests, stage, instructions and calls. Stage 0 is the
# total.
# usage: add_costs COLUMN COUNT FILE
add_costs() {
	awk -F '[(]|[)] *' -v column="$1" -v requests="$2" '
		function stage_of(name, i) {
			sub(/\047[0-9]+$/, "", name)
			sub(/@@.*/, "", name)
			if (!(name in known)) {
				known[name] = 0
				for (i = 1; i <= count && !known[name]; i++)
					if (name ~ pattern[i])
						known[name] = i
			}
			return known[name]
		}
		NR == FNR {
			sub(/^[^|]*[|]/, "")
			pattern[++count] = "^(" $0 ")$"
			next
		}
		/^c?fn=/ && $3 != "" { name[$2] = $3 }
		/^fn=/ { from = stage_of(name[$2]) }
		/^cfn=/ { to = stage_of(name[$2]) }
		/^calls=/ {
			split($0, part, /[= ]/)
			getline
			split($0, cost, " ")
			if (to && to != from) {
				calls[to] += part[2]
				instructions[to] += cost[2]
			}
		}
		/^(summary|totals): / { split($0, part, " "); instructions[0] = part[2] }
		END {
			for (i = 0; i <= count; i++)
				printf "%d %d %d %.0f %.0f\n", column, requests, i,
					instructions[i], calls[i]
		}' "$work/stages" "$3" >>"$work/costs"
}

print_table() {
	awk -F '|' '
		FILENAME ~ /loads$/ {
			names[++columns] = $1
			shapes[columns] = $2 "x" $3
			next
		}
		FILENAME ~ /stages$/ { stages[++count] = $1; next }
		{
			split($0, part, " ")
			at = part[1] " " part[3]
			sign = (at in requests) ? 1 : -1
			requests[at] += sign * part[2]
			instructions[at] += sign * part[4]
			calls[at] += sign * part[5]
		}
		END {
			printf "%-26s", "case"
			for (i = 1; i <= columns; i++)
				printf "  %20s", names[i]
			printf "\n%-26s", "load"
			for (i = 1; i <= columns; i++)
				printf "  %20s", shapes[i]
			printf "\n%-26s", "stage"
			for (i = 1; i <= columns; i++)
				printf "  %12s %7s", "instructions", "calls"
			stages[0] = "all"
			for (stage = 0; stage <= count; stage++) {
				printf "\n%-26s", stages[stage]
				for (i = 1; i <= columns; i++) {
					at = i " " stage
					printf "  %12d", instructions[at] / requests[at] + 0.5
					printf stage ? " %7.2f" : " %7s", stage ? calls[at] / requests[at] : ""
				}
			}
			printf "\n"
		}' "$work/loads" "$work/stages" "$work/costs"
}

printf '%s\n' "$stages" | sed '/^$/d' >"$work/stages"
printf '%s\n' "$loads" | sed '/^$/d' >"$work/loads"
column=0
while IFS='|' read -r name connections in_flight; do
	column=$((column + 1))
	for count in $short $long; do
		measure "$work/callgrind" "$count" "$name" "$connections" "$in_flight"
		add_costs "$column" "$count" "$work/callgrind"
	done
done <"$work/loads"
echo 'instructions and calls for each request; 0 calls: not in this case, or the function was renamed or inlined'
print_table
