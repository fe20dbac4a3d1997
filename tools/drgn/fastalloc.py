#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Shows the pools of fastalloc in a running kernel or in a memory dump.

  pools           a line for each pool
  live POOL       allocated objects, by the stack that allocated them
  cpus POOL       what the cache of each CPU may hold, and holds
  addr ADDRESS... the owner of an address: pool, chunk, slot, free or allocated, by whom
  json [POOL...]  the files "json" of debugfs: of all pools, or of each POOL; the nodes of
                  chunks are -1

Needs drgn 0.0.31 or later, and a fastalloc.ko with debug information that was built from the
same sources for the same kernel, but no debug information of the kernel. See
Documentation/postmortem.rst.
"""

import argparse
import json
import os
import signal
import sys

from drgn import FaultError

from kernel import Failure, Kernel
from pools import KINDS, all_pools

HERE = os.path.dirname(os.path.abspath(__file__))

# Groups and objects, as in debugfs.
SHOWN = 64


def table(rows):
    """Prints rows of words; the first column is to the left, the others to the right."""
    rows = [[str(word) for word in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows)]
    for row in rows:
        words = [row[0].ljust(widths[0])]
        words += [w.rjust(n) for w, n in zip(row[1:], widths[1:])]
        print("  ".join(words))


def find(kernel, name):
    for pool in all_pools(kernel):
        if pool.name == name and not pool.dead:
            return pool
    raise Failure(f"there is no pool {name}")


def show_pools(kernel, _):
    rows = [("NAME", "SIZE", "SYNC", "CHECKS", "CAPACITY", "IN_USE", "PEAK", "CHUNKS", "KIB",
             "FAILURES", "STATE", "MODULE")]
    for pool in all_pools(kernel):
        f = pool.figures()
        rows.append((f["name"], *(f.get(k) if f.get(k) not in (None, "") else "-" for k in (
            "obj_size", "sync", "checks", "capacity", "in_use", "peak", "chunks")),
            f["bytes"] // 1024, f.get("failures", "-"), f["state"], f["module"]))
    table(rows)


def show_missing(pool):
    """Of a pool that keeps no record: what is in no list of free objects."""
    print(f"{pool.figures()['in_use']} objects are allocated, by the counters")
    free, shown, found = set(), [], 0
    for _, objects in pool.free():
        free.update(objects)
    for c in pool.chunks():
        for slot in range(c.count):
            obj = c.mem + slot * pool.stride
            if obj not in free:
                found += 1
                if len(shown) < SHOWN:
                    shown.append(f"chunk {c.index}, slot {slot}: {obj:#x}")
    print(f"{found} objects are in no list of free ones")
    for line in shown:
        print(f"  {line}")


def show_live(kernel, args):
    pool = find(kernel, args.pool)
    groups, out = pool.groups(), pool.objects_out()
    if groups is None:
        show_missing(pool)
        return
    print(f"{out} objects are allocated")
    for g in groups:
        print(f"{g['objects']} objects, {g['bytes']} bytes, allocated {g['youngest_ms']} to"
              f" {g['oldest_ms']} ms ago in")
        for frame in g["stack"]:
            print(f"  {frame}")
    rest = out - sum(g["objects"] for g in groups)
    if rest:
        print(f"and {rest} of which nothing is known")


def show_cpus(kernel, args):
    pool = find(kernel, args.pool)
    if pool.sync != "percpu":
        print(f"pool {pool.name} has sync {pool.sync}, and no caches")
        return
    rows = [("CPU", "LEASE", "LOADED", "SPARE", "ALLOCS", "FREES", "EXCHANGES", "NESTED")]
    for c in pool.cpus():
        loaded = "busy" if c["loaded"] < 0 else c["loaded"]
        rows.append((c["cpu"], c["lease"], loaded, c["spare"], c["allocs"], c["frees"],
                     c["exchanges"], c["nested"]))
    table(rows)
    for node in pool.nodes():
        print(f"{node['free']} objects in the depot of node {node['node']}")
    if args.objects:
        for c in pool.cpus():
            for what, objects in zip(("loaded", "spare"), pool.cached(c["cpu"])):
                for obj in objects:
                    print(f"CPU {c['cpu']} {what} {obj:#x}")


def show_track(kernel, did, pool, track):
    print(f"  last {did} by pid {track.pid} on CPU {track.cpu}, {kernel.age_ms(track.when)} ms ago,"
          f" in {kernel.name_of(track.ip)}")
    for frame in pool.stack(True, track.stack) if track.stack else ():
        print(f"    {frame}")


def show_place(kernel, address, pool, place):
    chunk, slot, offset = place
    print(f"{address:#x}: pool {pool.name}, chunk {chunk.index} at {chunk.mem:#x}, slot {slot}"
          f" of {chunk.count}, offset {offset} in an object of"
          f" {pool.obj.cfg.obj_size.value_()} bytes")
    out = chunk.out()
    free = pool.where_free(place)
    if out is None:
        print(f"  free: {free}" if free else "  allocated: it is in no list of free objects")
    elif out >> slot & 1:
        print("  allocated" + (f", but {free}" if free else ""))
    else:
        print(f"  free: {free or 'in no list, a call was moving it'}")
    for did, which in ("allocated", 0), ("freed", 1):
        track = chunk.track(slot, which)
        if track:
            show_track(kernel, did, pool, track)


def show_addr(kernel, args):
    pools = list(all_pools(kernel))
    for address in args.address:
        for pool in pools:
            place = pool.place(address)
            if place:
                show_place(kernel, address, pool, place)
                break
        else:
            print(f"{address:#x}: in no pool")


def json_of(pool):
    figures = pool.figures() | pool.details()
    groups = figures["live"] or []
    figures["live_rest"] += sum(g["objects"] for g in groups[SHOWN:])
    del groups[SHOWN:]
    return figures


def show_json(kernel, args):
    head = {"format": 1, "version": kernel.version, "time_ns": kernel.time_ns}
    if args.pool:
        documents = [json_of(find(kernel, name)) for name in args.pool]
    else:
        pools = [p.figures() for p in all_pools(kernel)]
        documents = [{"possible_cpus": len(kernel.cpus), "online_cpus": len(kernel.online)} |
                     {kind: sum(p[kind] for p in pools) for kind in ("bytes", *KINDS)} |
                     {"pools": pools}]
    for document in documents:
        print(json.dumps(head | document))


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-c", "--core", metavar="FILE",
                        help="a memory dump; without it, the running kernel")
    parser.add_argument("-d", "--debug", metavar="FILE",
                        default=os.path.join(HERE, "../../fastalloc.ko"),
                        help="fastalloc.ko with debug information (default: that of this tree)")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    commands.add_parser("pools").set_defaults(show=show_pools)
    live = commands.add_parser("live")
    live.add_argument("pool")
    live.set_defaults(show=show_live)
    cpus = commands.add_parser("cpus")
    cpus.add_argument("-o", "--objects", action="store_true", help="list the objects held")
    cpus.add_argument("pool")
    cpus.set_defaults(show=show_cpus)
    addr = commands.add_parser("addr")
    addr.add_argument("address", nargs="+", type=lambda text: int(text, 16))
    addr.set_defaults(show=show_addr)
    as_json = commands.add_parser("json")
    as_json.add_argument("pool", nargs="*")
    as_json.set_defaults(show=show_json)
    args = parser.parse_args()
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    try:
        args.show(Kernel(args.core, args.debug), args)
    except (Failure, FaultError) as e:
        sys.exit(f"fastalloc.py: {e}")


if __name__ == "__main__":
    main()
