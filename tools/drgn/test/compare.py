#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
compare.py FILE OTHER: whether two series of "json" documents of fastalloc, taken of the same
pools while nobody used them, have the same figures. Ages are compared with that of the first chunk
of the pool. Prints the differences.
"""

import json
import sys

# Milliseconds by which an age may be wrong: a reader of debugfs takes some time.
TOLERANCE = 250


def documents(path):
    decoder = json.JSONDecoder()
    with open(path, encoding="ascii") as f:
        text = f.read().strip()
    while text:
        document, end = decoder.raw_decode(text)
        yield document
        text = text[end:].lstrip()


def flat(value, age, where=""):
    """All figures: pairs of a path and a value. Ages are those at another time: less @age."""
    if isinstance(value, dict):
        for name, member in value.items():
            # a dump does not tell the node of a chunk
            if name == "time_ns" or (name == "node" and "chunk_list" in where):
                continue
            if name.endswith("_ms"):
                member -= age
            yield from flat(member, age, f"{where}.{name}")
    elif isinstance(value, list):
        # groups of the same size are in any order
        if where.endswith(".live"):
            value = sorted(value, key=lambda g: (-g["objects"], g["stack"]))
        yield where, len(value)
        for i, member in enumerate(value):
            yield from flat(member, age, f"{where}[{i}]")
    else:
        yield where, value


def same(path, a, b):
    return abs(a - b) <= TOLERANCE if path.endswith("_ms") else a == b


def main():
    first, second = (list(documents(path)) for path in sys.argv[1:3])
    different = len(first) != len(second) or not first
    print(f"# {len(first)} and {len(second)} documents")
    compared = 0
    for a, b in zip(first, second):
        name = a.get("name", "all")
        figures = [dict(flat(d, d.get("chunk_list", [{"age_ms": 0}])[0]["age_ms"]))
                   for d in (a, b)]
        for path in sorted(set(figures[0]) | set(figures[1])):
            x, y = (f.get(path, "nothing") for f in figures)
            compared += 1
            if "nothing" in (x, y) or not same(path, x, y):
                print(f"# {name}{path}: {x} and {y}")
                different = True
    print(f"# {compared} figures")
    sys.exit(different or not compared)


main()
