# SPDX-License-Identifier: MIT
"""Requests for tests that need some layouts."""

import copy

REQUEST = {
    "arch": "x86_64",
    "memory": {"nodes": ["4GiB"]},
    "pcie": {"root_complexes": [{"name": "rc0", "end_bus": 127, "iommu": "amd-vi"}]},
}


def request(gib=4, **members):
    """Returns a request for that much RAM. `members` are added or replace others."""
    made = copy.deepcopy(REQUEST)
    made["memory"]["nodes"] = [f"{gib}GiB"]
    made.update(members)
    return made


def reason(reply):
    """Returns the reason of a refusal, or None for an answer."""
    return reply["error"]["data"]["reason"] if "error" in reply else None
