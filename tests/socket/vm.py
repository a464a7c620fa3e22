# SPDX-License-Identifier: MIT
"""Requests for tests that need layouts and do not care which."""

import copy

REQUEST = {
    "arch": "x86_64",
    "memory": {"nodes": ["4GiB"]},
    "pcie": {"root_complexes": [{"name": "rc0", "end_bus": 127, "iommu": "amd-vi"}]},
}


def request(gib=4, **members):
    """A request for that much RAM, with further members or others instead."""
    made = copy.deepcopy(REQUEST)
    made["memory"]["nodes"] = [f"{gib}GiB"]
    made.update(members)
    return made


def reason(reply):
    """The reason of a refusal; None for an answer."""
    return reply["error"]["data"]["reason"] if "error" in reply else None
