# SPDX-License-Identifier: MIT
"""Runs every golden vector, and the corpus of every policy, through a running daemon.

Many requests are in flight on one connection.
"""

import json
import os
import sys

from harness import TOP_SRCDIR, Daemon


def contains(expected, actual):
    """Returns true if every member of `expected` is in `actual` with the same value. Lists must have equal lengths."""
    if isinstance(expected, dict):
        return isinstance(actual, dict) and all(k in actual and contains(v, actual[k]) for k, v in expected.items())
    if isinstance(expected, list):
        return isinstance(actual, list) and len(expected) == len(actual) and all(map(contains, expected, actual))
    return type(expected) is type(actual) and expected == actual


def read_vectors(name):
    with open(os.path.join(TOP_SRCDIR, "tests", "vectors", name), encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_corpora():
    """Yields the lines of all corpora, with ids that are different for each corpus."""
    for name in sorted(os.listdir(os.path.join(TOP_SRCDIR, "tests", "vectors", "policies"))):
        policy, suffix = os.path.splitext(name)
        if suffix == ".jsonl":
            for line in read_vectors(os.path.join("policies", name)):
                yield dict(line, id=f"{policy}: {line['id']}")


def message(vector, method, params):
    return json.dumps({"jsonrpc": "2.0", "id": vector["id"], "method": method, "params": params}).encode() + b"\n"


def is_right(vector, reply):
    if reply.get("id") != vector["id"]:
        return False
    if "error" in vector:
        return contains(vector["error"], reply.get("error", {}).get("data"))
    if "reason" in vector:
        return reply.get("error", {}).get("data", {}).get("reason") == vector["reason"]
    if "digest" in vector:
        layout = reply.get("result", {}).get("layout", {})
        return (layout.get("policy"), layout.get("digest")) == (vector["request"]["policy"], vector["digest"])
    if "layout" in vector:
        return contains(vector["layout"], reply.get("result", {}).get("layout"))
    return reply.get("result") == {"map": vector["map"]}


def main():
    cases = [(v, message(v, "layout.resolve", {"request": v["request"]})) for v in read_vectors("resolve.jsonl")]
    cases += [(v, message(v, "layout.resolve", {"request": v["request"], **v.get("params", {})}))
              for v in read_vectors("requests.jsonl")]
    cases += [(v, message(v, "layout.allocate", v["request"])) for v in read_vectors("allocate.jsonl")]
    cases += [(v, message(v, "layout.resolve", {"request": v["request"]})) for v in read_corpora()]
    failed = 0
    # The requests that name no policy were recorded when this one was the default.
    with Daemon("--default-policy", "openvmm-2026.07") as daemon, daemon.connect() as client:
        client.send_aside(b"".join(line for _, line in cases), then_shutdown=True)
        for number, (vector, _) in enumerate(cases, 1):
            reply = client.read_reply()
            ok = is_right(vector, reply)
            failed += not ok
            print(f"{'ok' if ok else 'not ok'} {number} - {vector['id']}")
            if not ok:
                print(f"# got {json.dumps(reply)}")
        if client.read_line() is not None:
            failed += 1
            print("# there are more replies than requests")
    print(f"1..{len(cases)}")
    sys.exit(1 if failed or not cases else 0)


if __name__ == "__main__":
    main()
