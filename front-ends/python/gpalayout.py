# SPDX-License-Identifier: MIT
"""A client of gpalayoutd, the daemon that decides where each guest physical range of a VM goes.

This file needs Python 3.9 or later and nothing else. Copy it, or add its folder to PYTHONPATH.

    >>> from gpalayout import Client, NotFound, address, ranges
    >>> client = Client()
    >>> request = {"arch": "x86_64", "policy": "openvmm-2026.07", "memory": {"nodes": ["4GiB"]}}
    >>> layout = client.create("example-1", request)["layout"]
    >>> for each in ranges(layout):
    ...     print(f"{each.start:#x}-{each.end:#x} {each.kind} {each.tag}")
    0x0-0xc0000000 ram ram0
    0xf8000000-0x100000000 fixed chipset-low-mmio
    0x100000000-0x140000000 ram ram0
    0x140000000-0x160000000 mmio64 chipset-high-mmio
    >>> address(layout["ram_size"]) // 2**20
    4096
    >>> client.probe(0xfec00000, name="example-1")["range"]["tag"]
    'chipset-low-mmio'
    >>> [entry["name"] for entry in client.list()]
    ['example-1']
    >>> client.delete("example-1")["name"]
    'example-1'
    >>> try:
    ...     client.get("example-1")
    ... except NotFound as refusal:
    ...     print(refusal)
    not_found at /name: there is no layout example-1
    >>> client.close()

Parameters and results are those of the protocol, as dictionaries, lists, strings and numbers:
proto/openrpc.json has their schemas, and `Client().daemon_schema()` returns it. In parameters, a
size or an address is an integer of bytes up to 2**53 - 1, or a string such as "4GiB" or
hex(2**60). In results it is a hexadecimal string, which `address` converts; only `granularity`, and
the limits and counters of the daemon, are integers. Ranges are half-open: `end` is the first
address after the range.

Every error of a client is an `Error`: `Refused` if the daemon refused the request, `NoDaemon`,
`ConnectionLost` or `TimedOut` if no reply came, `ProtocolError` if the reply is invalid. Results
keep the members that this client does not know.

proto/README.md, under "Clients", has a table of what a client reports when the daemon is stopped
or restarted.

A `Client` is one connection, for one thread at a time. It starts no thread, handles no signal
and never causes SIGPIPE. `Events` follows the changes of layouts, also across restarts of the
daemon.
"""

import base64
import collections
import hashlib
import json
import math
import os
import select
import socket
import time
import typing

__all__ = [
    "AddressWidthExceeded", "Client", "Conflict", "ConnectionLost", "Denied", "Error", "Events",
    "Exhausted", "GenerationMismatch", "MethodNotFound", "NoDaemon", "NotFound", "Overloaded",
    "ProtocolError", "Range", "Refused", "ResyncRequired", "ShuttingDown", "StoreFailed",
    "StoreFull", "TimedOut", "WarningRefused", "WouldMove", "WouldRemove", "address", "ranges",
]

DEFAULT_SOCKET = "/run/gpalayoutd/control.sock"
DEFAULT_TIMEOUT = 30.0  # seconds

# This stops a wrong peer from filling all memory. The daemon's limit, reply_bytes, is 16 MiB by
# default and 64 MiB at most.
LARGEST_LINE = 256 << 20
READ_SIZE = 64 << 10

# Seconds between two attempts while the listen queue is full; the kernel gives no event for it.
CONNECT_RETRY = 0.01

# Seconds between two attempts to subscribe to events again.
SHORTEST_PAUSE = 0.1
LONGEST_PAUSE = 2.0

LONGEST_POLL_MS = 2**31 - 1  # the limit of poll()

# The members that the result of each method must have.
RESULT_MEMBERS = {
    "layout.resolve": ("layout",),
    "layout.allocate": ("map",),
    "layout.create": ("name", "generation", "created", "layout"),
    "layout.get": ("name", "generation", "owner_uid", "created_at", "updated_at", "request",
                   "layout"),
    "layout.list": ("revision", "layouts"),
    "layout.delete": ("name", "generation"),
    "layout.update": ("name", "generation", "layout", "changes"),
    "layout.probe": (),
    "layout.compare": ("compatible", "changes"),
    "layout.explain": ("arch", "policy", "digest", "ranges"),
    "layout.advise": ("resolves", "advice"),
    "layout.history": ("name", "revision", "oldest_since", "events"),
    "policy.list": ("default", "policies"),
    "events.subscribe": ("revision",),
    "registry.backup": ("revision", "data"),
    "daemon.info": ("version", "protocol", "default_policy", "sockets", "policies", "limits",
                    "options"),
    "daemon.stats": ("started_at", "uptime_ms", "connections", "users", "requests", "registry",
                     "store"),
    "daemon.schema": ("openrpc", "info", "methods", "components"),
}
# The members that each event must have.
EVENT_MEMBERS = ("revision", "event", "name", "digest")


class Error(Exception):
    """Any error of this client."""


class NoDaemon(Error):
    """Nobody listens on the socket, or this user may not connect. The request was not sent.

    `ConnectionLost` is a subclass: catch it first if it matters whether a change may have been
    made.
    """


class ConnectionLost(NoDaemon):
    """The connection ended before the reply. A change may have been made: call `get`, or repeat a
    `create`."""


class TimedOut(Error):
    """No reply came in time. A change may have been made, or may still be made, unless the message
    says that the daemon accepts no connection."""


class ProtocolError(Error):
    """A message of the daemon is invalid, or lacks a member, which the text names."""


class Refused(Error):
    """The daemon refused the request.

    code     the code of JSON-RPC, such as -32602
    reason   the stable word for programs, such as "not_found"
    message  for people; it may change
    pointer  a JSON pointer from the parameters to the member at fault, or None
    data     the unchanged details of the reason: sizes, addresses, counts, changes

    A reason that has no subclass raises a plain `Refused`. The daemon has changed nothing, with
    two exceptions: `StoreFailed`, and the reason "message_too_large" with a message that begins
    with "the change was made": then only the reply was too long.
    """

    REASON = None

    def __init__(self, code, message, data):
        super().__init__(code, message, data)
        self.code = code
        self.message = message
        self.data = data
        self.reason = _member(data, "reason", "data of the error")
        self.pointer = data.get("pointer")

    def __str__(self):
        where = f" at {self.pointer}" if self.pointer else ""
        return f"{self.reason}{where}: {self.message}"


class MethodNotFound(Refused):
    """The daemon has no such method, or this socket does not serve it."""

    REASON = "method_not_found"


class Overloaded(Refused):
    """There are too many connections, or there is no memory for the request."""

    REASON = "overloaded"


class ShuttingDown(Refused):
    """The daemon is stopping."""

    REASON = "shutting_down"


class Exhausted(Refused):
    """A range does not fit into its region. data["largest_size"], if present, is a size that fits.

        >>> root_complex = {"name": "rc0", "low_mmio": "8GiB"}
        >>> request = {"arch": "x86_64", "policy": "openvmm-2026.07",
        ...            "memory": {"nodes": ["4GiB"]}, "pcie": {"root_complexes": [root_complex]}}
        >>> try:
        ...     client.resolve(request)
        ... except Exhausted as refusal:
        ...     root_complex["low_mmio"] = refusal.data["largest_size"]
        >>> root_complex["low_mmio"]
        '0xf8000000'
    """

    REASON = "exhausted"


class AddressWidthExceeded(Refused):
    """The layout needs data["required_bits"] physical address bits; the host has data["bits"]."""

    REASON = "address_width_exceeded"


class WarningRefused(Refused):
    """The layout has a warning that `refuse` names. data["warnings"] lists all its warnings.

        >>> request = {"arch": "x86_64", "memory": {"nodes": ["4GiB"]}, "pcie": {
        ...     "root_complexes": [{"name": "gpu", "high_mmio": "4GiB"}]}}
        >>> try:
        ...     client.resolve(request, refuse=["largest_bar_below_size"])
        ... except WarningRefused as refusal:
        ...     print([warning["tag"] for warning in refusal.data["warnings"]])
        ['pcie-gpu-high-mmio']
    """

    REASON = "warning_refused"


class NotFound(Refused):
    """No live layout has this name, the layout has no range with this tag, or there is no advice on
    this tag."""

    REASON = "not_found"


class Conflict(Refused):
    """For `create`, the name has a layout of another request or, with data["owner_uid"], of another
    user. For `update`, the request names another policy or another architecture than the layout
    has."""

    REASON = "conflict"


class GenerationMismatch(Refused):
    """The layout has the generation data["generation"], not the stated one."""

    REASON = "generation_mismatch"


class WouldMove(Refused):
    """The update would move or resize ranges that the guest knows.

    data["changes"] lists all its changes.
    """

    REASON = "would_move"


class WouldRemove(Refused):
    """The update would remove ranges that the guest knows; data["changes"] lists them."""

    REASON = "would_remove"


class Denied(Refused):
    """The layout belongs to the user data["owner_uid"], or this user may not take a backup."""

    REASON = "denied"


class StoreFull(Refused):
    """A limit on live layouts or on the store has been reached, or the store has no room."""

    REASON = "store_full"


class StoreFailed(Refused):
    """The store failed and the daemon exits. After its restart, `get` shows if the change was made.
    """

    REASON = "store_failed"


class ResyncRequired(Refused):
    """The events after `since` are not kept: list the layouts, and subscribe with the revision of
    the list. For a backup, the changes since its last page are not kept: begin it again.

    data["oldest_since"] and data["revision"] are the lowest and the highest `since` allowed.
    """

    REASON = "resync_required"


_REFUSALS = {kind.REASON: kind for kind in Refused.__subclasses__()}

# The codes of requests that are wrong in themselves, so that repeating one does not help.
_FINAL_CODES = (-32600, -32601, -32602)


def address(text):
    """Returns the integer for a size or an address of a result.

    >>> address("0x100000000")
    4294967296
    """
    if not text.startswith("0x"):
        raise ValueError(f"not a size or an address of a result: {text!r}")
    return int(text, 16)


class Range(typing.NamedTuple):
    """One entry of a map: from `start` to before `end`, in bytes."""

    start: int
    end: int
    kind: str
    tag: str

    @property
    def size(self):
        return self.end - self.start


def ranges(layout):
    """Returns the map of a layout, or of the result of `allocate`: a list of `Range`, by address.

    >>> result = client.allocate(ram=[{"tag": "ram", "size": "1GiB", "alignment": "1GiB"}])
    >>> ranges(result)
    [Range(start=0, end=1073741824, kind='ram', tag='ram')]
    """
    def convert(entry):
        start, end, kind, tag = (_member(entry, name, "an entry of the map")
                                 for name in ("start", "end", "kind", "tag"))
        return Range(address(start), address(end), kind, tag)
    return [convert(entry) for entry in _member(layout, "map", "the layout")]


class Client:
    """A connection to the daemon. The constructor opens it; `close` or the end of `with` closes it.

    path     the control or inspect socket; by default $GPALAYOUT_SOCKET, or else
             /run/gpalayoutd/control.sock
    timeout  time limit in seconds, for connecting and for each call; None: no limit

    The next call connects again if the daemon has closed the connection since the last call, or if
    the last call broke the connection, as `TimedOut` and `ConnectionLost` do. But if an event was
    unread when the connection was closed, the next call raises `ConnectionLost`. The daemon closes
    all connections when it is restarted, and on the inspect socket those that are idle for the
    limit `inspect_idle_ms` and have not subscribed. The client never repeats a call.

    Each method has the parameters of the protocol and omits those that are None. All raise
    `Refused`, `NoDaemon`, `TimedOut` and `ProtocolError`.
    """

    def __init__(self, path=None, timeout=DEFAULT_TIMEOUT):
        if path is None:
            path = os.environ.get("GPALAYOUT_SOCKET") or DEFAULT_SOCKET
        self.path = os.fspath(path)
        self.timeout = timeout
        self._calls = 0
        self._connection = _Connection(self.path, _deadline(timeout))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Closes the connection. A later call connects again."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def fileno(self):
        """Returns the descriptor of the connection, for `select`. Raises `NoDaemon` without one.

        It becomes readable when an event comes. Before each `select`, call `next_event(0)` until
        it returns None: events may have been read already, together with a reply.
        """
        if not self._connection:
            raise NoDaemon(f"{self.path}: not connected")
        return self._connection.socket.fileno()

    def call(self, method, params=None):
        """Calls any method, even one that this client does not know. Returns the unchanged result.

        >>> client.call("daemon.info")["protocol"]
        '2'
        """
        self._calls += 1
        message = {"jsonrpc": "2.0", "id": self._calls, "method": method}
        if params is not None:
            message["params"] = params
        line = json.dumps(message).encode() + b"\n"
        try:
            reply = self._exchange(line)
        except BaseException:
            # A late reply would come first in the next call, which would then fail.
            self.close()
            raise
        if "error" in reply:
            raise _refusal(reply["error"])
        return reply["result"]

    def resolve(self, request, *, advise=None, refuse=None):
        """Computes the layout of a request and stores nothing: {layout, advice if asked for}.

        `refuse` is a list of warnings, such as ["hotplug_off_block"], or "all": a layout that has
        one of them raises `WarningRefused`. `create` and `update` take it, too, but do not check
        the existing layout that they return for the same request.
        """
        return self._ask("layout.resolve", request=request, advise=advise, refuse=refuse)

    def allocate(self, *, reserved=None, fixed=None, mmio32=None, ram=None, mmio64=None,
                 post_mmio=None):
        """Places lists of ranges with the bare allocator, without a policy: {map}."""
        return self._ask("layout.allocate", reserved=reserved, fixed=fixed, mmio32=mmio32, ram=ram,
                         mmio64=mmio64, post_mmio=post_mmio)

    def create(self, name, request, *, refuse=None):
        """Keeps the layout of a request under a name: {name, generation, created, layout}.

        When this returns, the layout is on disk, unless the daemon runs with store=memory.
        Creating it again from the same request returns the existing layout, with `created` false.
        So if the reply was lost, call this again. Raises `Conflict` if the name has another
        layout, and `Exhausted` or another `Refused` if the request has no layout.
        """
        return self._ask("layout.create", name=name, request=request, refuse=refuse)

    def get(self, name):
        """Returns a live layout with request, generation, owner and times. Raises `NotFound`."""
        return self._ask("layout.get", name=name)

    def list(self, *, after=None, limit=None):
        """Iterates over the entries of all live layouts after a name, in byte order of names.

        It requests pages of at most `limit` entries, each when it is needed.
        """
        for page in self.pages(after=after, limit=limit):
            yield from page["layouts"]

    def pages(self, *, after=None, limit=None):
        """Iterates over the pages of the list: {revision, layouts, next if there is one}.

        To keep a list up to date, read all pages and follow the events since the revision of the
        first. Some events then repeat what a later page already has.

        >>> pages = list(client.pages())
        >>> known = {entry["name"]: entry["digest"] for page in pages for entry in page["layouts"]}
        >>> events = client.events(since=pages[0]["revision"])
        >>> events.close()
        """
        while True:
            page = self._ask("layout.list", after=after, limit=limit)
            yield page
            after = page.get("next")
            if after is None:
                return

    def delete(self, name, *, generation=None):
        """Deletes a live layout: {name, generation}.

        Raises `NotFound`, `Denied`, or `GenerationMismatch` if the layout has another generation.
        """
        return self._ask("layout.delete", name=name, generation=generation)

    def update(self, name, request, *, generation=None, dry_run=None, allow_moves=None,
               allow_removals=None, refuse=None):
        """Changes a live layout to fit a whole request: {name, generation, layout, changes}.

        Raises `WouldMove` or `WouldRemove` if ranges that the guest knows would move, change in
        size or be removed and this is not allowed. Also raises everything that `delete` and
        `create` raise.
        """
        return self._ask("layout.update", name=name, request=request, generation=generation,
                         dry_run=dry_run, allow_moves=allow_moves, allow_removals=allow_removals,
                         refuse=refuse)

    def probe(self, address, *, name=None, request=None):
        """Returns what is at an address of a live layout, or of the layout of a request: {range} or
        {free}."""
        return self._ask("layout.probe", name=name, request=request, address=address)

    def compare(self, from_, to):
        """Lists the differences between two layouts: {compatible, changes}.

        `from_` and `to` are each {"name": …}, {"request": …} or {"layout": …}. `compatible` is
        true if both have the same architecture and a guest that knows `from_` finds everything at
        the same address in `to`.
        """
        return self._ask("layout.compare", **{"from": from_, "to": to})

    def explain(self, *, name=None, request=None, tag=None):
        """Explains why each range, or the range with a tag, is at its address: {arch, policy,
        digest, ranges}."""
        return self._ask("layout.explain", name=name, request=request, tag=tag)

    def advise(self, *, name=None, request=None, tag=None):
        """Finds how far RAM, windows and rooms, or the range with a tag, could grow:
        {resolves, advice}.

        If a request is refused for lack of room or of address bits, `resolves` is false. Then
        `resolved` of a range is the largest size with which the request would resolve if nothing
        else changes. It is absent if no size above 0 helps.
        """
        return self._ask("layout.advise", name=name, request=request, tag=tag)

    def history(self, name):
        """Lists who changed a layout and when, even if it was deleted:
        {name, revision, oldest_since, events}, the oldest event first.

        The list is complete after the revision `oldest_since`. It is empty if the daemon keeps no
        event of a live layout. Raises `NotFound` if the daemon has neither a layout nor an event
        of this name.
        """
        return self._ask("layout.history", name=name)

    def policy_list(self):
        """Lists the policies, and names the default one: {default, policies}."""
        return self._ask("policy.list")

    def registry_backup(self, *, after=None, revision=None):
        """Returns a page of a backup, in base64: {revision, data, next or layouts}; see `backup`.
        """
        return self._ask("registry.backup", after=after, revision=revision)

    def backup(self):
        """Iterates over the bytes of a backup of all layouts, which gpalayoutd --restore takes.

        It requests one page after another. Raises `Denied` unless the user is root or in the admin
        group, and `ResyncRequired` if layouts change too fast; then begin again.
        """
        checksum = hashlib.sha256()
        after = revision = None
        while True:
            page = self.registry_backup(after=after, revision=revision)
            try:
                data = base64.b64decode(page["data"], validate=True)
            except (TypeError, ValueError) as error:
                problem = f"{self.path}: the data of the backup are invalid: {error}"
                raise ProtocolError(problem) from None
            checksum.update(data)
            yield data
            after, revision = page.get("next"), page["revision"]
            if after is None:
                yield checksum.digest()
                return

    def daemon_info(self):
        """Returns version, protocol, sockets, policies, limits and options of the daemon."""
        return self._ask("daemon.info")

    def daemon_stats(self, format_=None):
        """Returns counters and latencies of the daemon, the registry and the store. With a format,
        "openmetrics" or "prometheus", returns {format, text} for a monitoring system."""
        if format_ is None:
            return self._ask("daemon.stats")
        result = self.call("daemon.stats", {"format": format_})
        _member(result, "text", "the result of daemon.stats")
        return result

    def daemon_schema(self):
        """Returns the OpenRPC document of the protocol."""
        return self._ask("daemon.schema")

    def subscribe(self, *, since=None):
        """Subscribes this connection to events, which `next_event` returns: {revision}.

        The events are those after the revision `since`, by default those from now on. The
        subscription ends with the connection; `events` returns an iterator that connects again.
        """
        result = self._ask("events.subscribe", since=since)
        self._connection.is_subscribed = True
        return result

    @property
    def is_subscribed(self):
        """True if the client is connected and subscribed."""
        return bool(self._connection) and self._connection.is_subscribed

    def next_event(self, timeout=None):
        """Returns the next event after `subscribe`, or None if `timeout` seconds pass without one.
        If `timeout` is None, it waits without a limit, whatever the time limit of the client is.

        Raises `ConnectionLost` if the subscription has ended: subscribe again, with the revision
        of the last event as `since`.
        """
        if not self.is_subscribed:
            raise ConnectionLost(f"{self.path}: not subscribed to events")
        connection = self._connection
        deadline = _deadline(timeout)
        try:
            while not connection.events:
                message = connection.next_message(deadline)
                if message is None:
                    return None
                if "error" in message:
                    raise _refusal(message["error"])
                if "result" in message:
                    raise ProtocolError(f"{self.path}: a reply without a request")
        except BaseException:
            self.close()
            raise
        return connection.events.popleft()

    def events(self, since=None):
        """Follows the changes of layouts, from now on or after a revision; see `Events`."""
        return Events(self.path, since, self.timeout)

    def _ask(self, method, **params):
        given = {name: value for name, value in params.items() if value is not None}
        result = self.call(method, given)
        for name in RESULT_MEMBERS[method]:
            _member(result, name, f"the result of {method}")
        return result

    def _exchange(self, line):
        """Sends a line and returns the reply, which has either an error or a result."""
        deadline = _deadline(self.timeout)
        if self._connection and self._connection.is_ended():
            self.close()
        if not self._connection:
            self._connection = _Connection(self.path, deadline)
        reply = self._connection.exchange(line, deadline)
        if reply is None:
            raise TimedOut(f"{self.path}: no reply within {self.timeout:g} s; the daemon may be "
                           "busy or stopped")
        if self._connection.unsent:
            # The daemon refused the request before it had read all of it. It would take the rest
            # for another request.
            self.close()
        has_error = "error" in reply
        if has_error == ("result" in reply):
            raise ProtocolError(f"{self.path}: the reply must have either a result or an error")
        reply_id = _member(reply, "id", "the reply")
        # A daemon that could not read the request does not know its id.
        if reply_id != self._calls and not (has_error and reply_id is None):
            raise ProtocolError(f"{self.path}: the id of the reply is not that of the request")
        return reply


class Events:
    """An endless iterator over the events of live layouts. Each event comes once, in order.

    `Client.events` returns it after it has subscribed, so it misses no later change. It has a
    connection of its own. If that ends, even because the daemon restarts, it connects again and
    continues after the last event.

        >>> events = client.events()
        >>> _ = client.create("example-2", {"arch": "aarch64", "memory": {"nodes": ["1GiB"]}})
        >>> _ = client.delete("example-2")
        >>> for event in events:
        ...     print(event["event"], event["name"])
        ...     if event["event"] == "deleted":
        ...         break
        created example-2
        deleted example-2
        >>> events.close()

    An event has at least {revision, event, name, digest}, where `event` is "created", "updated"
    or "deleted". `revision` of this object is that of the last event; another iterator can
    continue there with `since`.

    `ResyncRequired` means that events are lost: the daemon keeps only the newest ones, or an older
    copy of its state was put back. List the layouts and begin again, as `Client.pages` shows.
    """

    def __init__(self, path, since, timeout):
        self._client = Client(path, timeout)
        self._pause = SHORTEST_PAUSE
        self.revision = since
        try:
            self._subscribe()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __iter__(self):
        return self

    def __next__(self):
        return self.wait()

    def close(self):
        """Closes the connection. A later `wait` connects again and continues."""
        self._client.close()

    def fileno(self):
        """Returns the descriptor of the connection, for `select`. Raises `NoDaemon` without one.

        Before each `select`, call `wait(0)` until it returns None: events may have been read
        already. Get the descriptor anew each time, because a new connection has another one. While
        there is none, call `wait(0)` now and then, which tries to connect.
        """
        return self._client.fileno()

    def wait(self, timeout=None):
        """Returns the next event, or None if `timeout` seconds pass without one. If `timeout` is
        None, it waits without a limit, whatever the time limit of the client is.

        Raises `ResyncRequired`, and `ProtocolError` if an event does not follow the one before it.
        While the daemon is down, this tries to connect. An attempt may take as long as a call,
        even if that is longer than `timeout`.
        """
        deadline = _deadline(timeout)
        while True:
            try:
                if not self._client.is_subscribed:
                    self._subscribe()
                event = self._client.next_event(_left(deadline))
                return event and self._accept_event(event)
            except (NoDaemon, TimedOut):
                pass
            except Refused as refusal:
                if refusal.code in _FINAL_CODES or isinstance(refusal, ResyncRequired):
                    raise
            left = _left(deadline)
            if left == 0:
                return None
            time.sleep(self._pause if left is None else min(self._pause, left))
            self._pause = min(2 * self._pause, LONGEST_PAUSE)

    def _subscribe(self):
        revision = self._client.subscribe(since=self.revision)["revision"]
        # With `since`, the events up to this revision are still to come.
        if self.revision is None:
            self.revision = revision

    def _accept_event(self, event):
        follows = event.get("follows", event["revision"] - 1)
        if follows != self.revision or event["revision"] <= follows:
            self.close()
            raise ProtocolError(f"the event of revision {event['revision']} follows {follows}, "
                                f"not {self.revision}")
        self.revision = event["revision"]
        self._pause = SHORTEST_PAUSE
        return event


class _Connection:
    """A connected socket that does not block, so that one deadline covers every step.

    It reads while it writes a request, because the daemon may refuse a line before it has read all
    of it.
    """

    def __init__(self, path, deadline):
        self.path = path
        self.unsent = b""
        self.input = bytearray()
        self.searched = 0  # bytes of the input that are known to have no line end
        self.events = collections.deque()
        self.is_subscribed = False
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self.socket.setblocking(False)
            self._connect(deadline)
        except BaseException:
            self.close()
            raise

    def _connect(self, deadline):
        while True:
            try:
                self.socket.connect(self.path)
                return
            except BlockingIOError:  # the listen queue is full
                left = _left(deadline)
                if left == 0:
                    raise TimedOut(f"{self.path}: the daemon accepts no connection; it may be "
                                   "busy or stopped") from None
                time.sleep(CONNECT_RETRY)
            except OSError as error:
                raise NoDaemon(f"{self.path}: cannot connect: {error.strerror or error}; "
                               "is gpalayoutd running?") from error

    def close(self):
        self.socket.close()

    def is_ended(self):
        """Returns true if the daemon has closed the connection and nothing is left to read."""
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def exchange(self, line, deadline):
        """Sends a line and returns the reply, or None once the deadline has passed."""
        self.unsent = memoryview(line)
        while True:
            try:
                message = self.next_message(deadline)
            except ConnectionLost as error:
                raise ConnectionLost(f"{error}; a change may have been made: call get, or create "
                                     "again") from None
            if message is None or "method" not in message:
                return message
            # Notifications must not make a call outlast its deadline.
            if _left(deadline) == 0:
                return None

    def next_message(self, deadline):
        """Returns the next message, or None after the deadline. An event is also queued."""
        line = self._line(deadline)
        if line is None:
            return None
        try:
            message = json.loads(line.decode())
        except (ValueError, RecursionError) as error:
            raise ProtocolError(f"{self.path}: a line is not JSON: {error}") from None
        if _member(message, "jsonrpc", "the message") != "2.0":
            raise ProtocolError(f"{self.path}: the message is not of JSON-RPC 2.0")
        # A newer daemon may send other notifications.
        if message.get("method") == "layout.event":
            event = _member(message, "params", "the event")
            for name in EVENT_MEMBERS:
                _member(event, name, "the event")
            self.events.append(event)
        return message

    def _line(self, deadline):
        poll = select.poll()
        while True:
            end = self.input.find(b"\n", self.searched)
            if end >= 0:
                line = bytes(self.input[:end])
                del self.input[:end + 1]
                self.searched = 0
                return line
            self.searched = len(self.input)
            if self.searched > LARGEST_LINE:
                raise ProtocolError(f"{self.path}: a line is longer than {LARGEST_LINE} bytes")
            poll.register(self.socket, select.POLLIN | (select.POLLOUT if self.unsent else 0))
            left = _left(deadline)
            wait_ms = None if left is None else math.ceil(min(1000 * left, LONGEST_POLL_MS))
            ready = poll.poll(wait_ms)
            if not ready:
                return None
            if ready[0][1] & select.POLLOUT:
                self._send()
            if ready[0][1] & ~select.POLLOUT:
                self._receive()

    def _send(self):
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent, socket.MSG_NOSIGNAL):]
        except OSError:
            pass  # the socket is full, or the daemon has closed it and may have sent the reason

    def _receive(self):
        try:
            data = self.socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            raise ConnectionLost(f"{self.path}: the connection was closed "
                                 + (f"inside a line, after {len(self.input)} bytes" if self.input
                                    else "before a reply"))
        self.input += data


def _refusal(error):
    code, message, data = (_member(error, name, "the error")
                           for name in ("code", "message", "data"))
    reason = _member(data, "reason", "data of the error")
    return _REFUSALS.get(reason, Refused)(code, message, data)


def _member(value, name, what):
    try:
        return value[name]
    except (KeyError, TypeError):
        raise ProtocolError(f"{what} has no {name}") from None


def _deadline(timeout):
    return None if timeout is None else time.monotonic() + timeout


def _left(deadline):
    return None if deadline is None else max(0.0, deadline - time.monotonic())
