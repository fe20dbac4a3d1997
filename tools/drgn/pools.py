# SPDX-License-Identifier: GPL-2.0
"""
The pools of fastalloc in the memory of a kernel. Names of figures are those of the files
"json" in debugfs (Documentation/debugfs.rst), and so is their meaning.
"""

import struct
from collections import namedtuple

from drgn import Object, container_of
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.rbtree import rbtree_inorder_for_each

from kernel import Failure, bits_of

SYNCS = ("percpu", "spinlock", "none")
ORDERS = ("lifo", "fifo", "lowest")
GROWTHS = ("none", "linear", "exponential", "custom")
BACKINGS = ("auto", "pages", "vmalloc")
# enum fa_mem_kind
KINDS = ("chunk_bytes", "metadata_bytes", "cache_bytes", "check_bytes")
ORIGINS = ("pages", "vmalloc", "owner")
FLAGS = ("contig", "shrinker", "node", "check", "redzone", "poison", "owner", "handles",
         "typesafe_by_rcu", "init_on_alloc", "init_on_free", "no_init", "random", "drop_live",
         "atomic_grow", "same_name", "index", "exact", "trace")
F_NODE = 1 << FLAGS.index("node")
CHECKS = tuple(zip("FZPU", (1 << FLAGS.index(f) for f in ("check", "redzone", "poison",
                                                           "owner"))))

BUSY = 0x08000000           # FASTALLOC_BUSY
MIN_MASK = (1 << 48) - 1    # FA_MIN_MASK
REFS = (1 << 31) - 1        # FA_REFS_MAX
MAG_BLOCK_SHIFT = 26
LINK_SHIFT = 14
MAP_CELLS = 64

Track = namedtuple("Track", "stack pid ip when cpu")
Place = namedtuple("Place", "chunk slot offset")


class Chunk:
    """A chunk of a pool."""

    def __init__(self, pool, obj, index):
        self.pool = pool
        self.obj = obj
        self.index = index
        self.mem = obj.mem.value_()
        self.end = obj.end.value_()
        self.count = obj.count.value_()
        self._tracks = None

    def out(self):
        """A number whose bits are the allocated slots; None if the pool keeps no record."""
        o, n = self.obj, self.count
        if o.word:
            words = struct.unpack(f"<{n}Q", self.pool.read(o.word, 8 * n))
            bits = bytearray(n // 8 + 1)
            for i, w in enumerate(words):
                if w & REFS:
                    bits[i >> 3] |= 1 << (i & 7)
            return int.from_bytes(bits, "little")
        bits = o.out if o.out else o.map.level[0]
        if not o.out and self.pool.order != "lowest":
            return None
        data = self.pool.read(bits, (n + 63) // 64 * 8)
        return int.from_bytes(data, "little") & (1 << n) - 1

    def track(self, slot, which):
        """The last allocation (0) or free (1) of a slot, or None."""
        if not self.obj.track:
            return None
        if self._tracks is None:
            t = self.pool.prog.type("struct fa_track")
            at = {m.name: m.offset for m in t.members}
            self._tracks = (at, t.size,
                            self.pool.read(self.obj.track, self.count * 2 * t.size))
        at, size, data = self._tracks
        start = (slot * 2 + which) * size

        def field(name, form):
            return struct.unpack_from("<" + form, data, start + at[name])[0]

        if not field("valid", "?"):
            return None
        return Track(field("stack", "I"), field("pid", "i"), field("ip", "Q"),
                     field("when", "Q"), field("cpu", "I"))

    def map(self, out):
        """Occupancy drawn as in the file "map"."""
        cell = -(-self.count // MAP_CELLS)
        drawn = ""
        for at in range(0, self.count, cell):
            slots = min(cell, self.count - at)
            n = (out >> at & (1 << slots) - 1).bit_count()
            drawn += "_" if not n else "O" if n == slots else \
                str(min(max(10 * n // slots, 1), 9))
        return drawn

    def state(self):
        if self.pool.obj.closed:
            return "condemned"
        return "used" if self.obj.ready else "new"

    def figures(self):
        out = self.out()
        return {
            "index": self.index,
            "node": -1,     # a dump does not have it
            "backing": ORIGINS[self.obj.origin.value_()],
            "bytes": self.obj.bytes.value_(),
            "objects": self.count,
            "age_ms": self.pool.kernel.age_ms(self.obj.born.value_()),
            "state": self.state(),
            "free": -1 if out is None else self.count - out.bit_count(),
            "map": None if out is None else self.map(out),
        }


class Pool:
    """A pool. @obj: its struct fastalloc_pool *"""

    def __init__(self, kernel, obj):
        self.kernel = kernel
        self.prog = kernel.prog
        self.obj = obj
        self.name = obj.name.string_().decode()
        self.dead = not obj.path
        self.sync = SYNCS[obj.sync.value_()]
        self.order = ORDERS[obj.order.value_()]
        self.stride = obj.chunks.stride.value_()
        self.checks = obj.checks.value_()
        self._chunks = None

    def read(self, pointer, size):
        return self.prog.read(pointer.value_(), size)

    def state(self):
        if self.dead:
            return "dead"
        return "zombie" if self.obj.deferred.zombie else "live"

    def chunks(self):
        """All chunks, by address. The tree has two copies: a writer changes one at a time."""
        if self._chunks is None:
            tree = self.obj.chunks.tree
            i = tree.seq.seqcount.sequence.value_() & 1
            nodes = rbtree_inorder_for_each(tree.tree[i].address_of_())
            self._chunks = [Chunk(self, container_of(n, "struct fa_chunk", f"all.node[{i}]"), k)
                            for k, n in enumerate(nodes)]
        return self._chunks

    # Figures

    def _cache(self, cpu):
        return self.kernel.per_cpu(self.obj.percpu.cache, cpu)

    def cpus(self):
        """The cache and the counters of each CPU that has used the pool."""
        found = []
        for cpu in self.kernel.cpus if self.sync == "percpu" else ():
            c = self._cache(cpu)
            n = c.n.value_()
            nested = c.nested_allocs.value_(), c.nested_frees.value_()
            s = {
                "cpu": cpu,
                "lease": 2 * c.size.value_(),
                "loaded": -1 if n >= BUSY else n,
                "spare": c.spare.n.value_() if c.spare else 0,
                "allocs": c.allocs.value_() + nested[0],
                "frees": c.frees.value_() + nested[1],
                "exchanges": c.exchanges.value_(),
                "nested": sum(nested),
            }
            if s["loaded"] or s["spare"] or s["allocs"] or s["frees"]:
                found.append(s)
        return found

    def _counters(self):
        """in_use, peak, allocs, frees, depot_exchanges, nested, leases_taken"""
        o = self.obj
        if self.sync != "percpu":
            allocs, frees = o.head.allocs.value_(), o.head.frees.value_()
            return allocs - frees, o.peak.value_(), allocs, frees, 0, 0, 0
        p, cpus = o.percpu, self.cpus()
        frees = sum(c["frees"] for c in cpus)
        in_use = o.waitq.handed.value_() + sum(c["allocs"] for c in cpus) - frees
        in_use = min(max(in_use, 0), o.refill.planned.value_())
        held = p.depot.min_free.counter.value_() & MIN_MASK
        peak = max(o.peak.value_(), in_use, o.capacity.value_() - held)
        base = p.stats_base
        frees -= base.frees.value_()
        return (in_use, peak, frees + in_use, frees,
                sum(c["exchanges"] for c in cpus) - base.depot_exchanges.value_(),
                sum(c["nested"] for c in cpus) - base.nested.value_(),
                p.leases.taken.value_() - base.leases_taken.value_())

    def memory(self):
        """Bytes in all, and by kind."""
        kinds = [b.counter.value_() for b in self.obj.account.bytes]
        return {"bytes": sum(kinds), **dict(zip(KINDS, kinds))}

    def figures(self):
        o, cfg = self.obj, self.obj.cfg
        s = {
            "name": self.name,
            "module": o.owner_name.string_().decode(),
            "state": self.state(),
        }
        if self.dead:
            return s | self.memory()
        flags = cfg.flags.value_()
        in_use, peak, allocs, frees, exchanges, nested, taken = self._counters()
        s |= {
            "obj_size": cfg.obj_size.value_(),
            "stride": self.stride,
            "align": cfg.align.value_(),
            "sync": self.sync,
            "order": self.order,
            "growth": GROWTHS[cfg.growth.value_()],
            "backing": BACKINGS[cfg.backing.value_()],
            "node": cfg.node.value_() if flags & F_NODE else -1,
            "flags": [f for i, f in enumerate(FLAGS) if flags >> i & 1],
            "checks": "".join(c for c, bit in CHECKS if self.checks & bit),
            "capacity": o.capacity.value_(),
            "max_capacity": cfg.max_capacity.value_(),
            "total": o.total.value_(),
            "reserve": o.reserve.value_(),
            "low_water": o.refill.low_mark.value_(),
            "magazine": cfg.magazine.value_(),
            "in_use": in_use,
            "peak": peak,
            "allocs": allocs,
            "frees": frees,
            "failures": o.failures.counter.value_(),
            "grows": o.refill.grows.value_(),
            "grows_atomic": o.refill.grows_atomic.value_(),
            "growth_failures": o.refill.failures.counter.value_(),
            "depot_exchanges": exchanges,
            "nested": nested,
            "leases_taken": taken,
            "waits": o.waitq.waits.value_(),
            "violations": o.debug.violations.counter.value_(),
            "chunks": o.chunks.nr.value_(),
            "magazine_bytes":
                o.percpu.depot.mags.bytes.value_() if self.sync == "percpu" else 0,
        }
        s |= self.memory()
        if self.sync == "percpu":
            s["cpus"] = self.cpus()
        return s

    def details(self):
        """What the file of the pool has in addition."""
        groups = self.groups()
        known = sum(g["objects"] for g in groups or ())
        s = {"nodes": self.nodes()} if self.sync == "percpu" else {}
        return s | {
            "live": groups,
            "live_rest": 0 if groups is None else self.objects_out() - known,
            "chunk_list": [c.figures() for c in self.chunks()],
        }

    # Allocated objects

    def objects_out(self):
        """The number of allocated objects by the record of the pool, or None."""
        outs = [c.out() for c in self.chunks()]
        return None if None in outs else sum(o.bit_count() for o in outs)

    def groups(self):
        """Allocated objects by the stack that allocated them; None if not known."""
        found = {}
        for chunk in self.chunks():
            out = chunk.out()
            if out is None:
                return None
            data = out.to_bytes(chunk.count // 8 + 1, "little")
            for slot in bits_of(data) if chunk.obj.track else ():
                t = chunk.track(slot, 0)
                if t:
                    key = (True, t.stack) if t.stack else (False, t.ip)
                    found.setdefault(key, []).append(t.when)
        age = self.kernel.age_ms
        return [{"objects": len(whens), "bytes": len(whens) * self.stride,
                 "oldest_ms": max(map(age, whens)), "youngest_ms": min(map(age, whens)),
                 "stack": self.stack(*key)}
                for key, whens in sorted(found.items(), key=lambda f: -len(f[1]))]

    def stack(self, is_stack, key):
        frames = (self.kernel.stack(key) or [key]) if is_stack else [key]
        return [self.kernel.name_of(f) for f in frames]

    # Free objects

    def _magazine(self, ident):
        """The magazine of an id + 1."""
        mags = self.obj.percpu.depot.mags
        ident -= 1
        block = mags.block[ident >> MAG_BLOCK_SHIFT].value_()
        at = block + (ident & (1 << MAG_BLOCK_SHIFT) - 1) * mags.mag_bytes.value_()
        return Object(self.prog, "struct fa_mag *", at)

    def _slots(self, array, n):
        """The first objects of an array of pointers."""
        return struct.unpack(f"<{n}Q", self.prog.read(array, 8 * n)) if n else ()

    def cached(self, cpu):
        """The objects that the cache of a CPU holds: those loaded, and the spare ones."""
        c = self._cache(cpu)
        loaded = self._slots(c.slot.value_(), c.n.value_() % BUSY)
        spare = ()
        if c.spare:
            spare = self._slots(c.spare.slot.address_of_().value_(), c.spare.n.value_())
        return loaded, spare

    def _links(self):
        """Blocks of links by number: where their objects begin, and their array."""
        found = {}
        for c in self.chunks():
            for i in range((c.count - 1 >> LINK_SHIFT) + 1 if c.obj.link else 0):
                b = c.obj.link[i].read_()
                found[b.nr.value_()] = b.mem.value_(), b.next.address_of_().value_()
        return found

    def _shard(self, sh, links):
        """The free objects of a shard of the depot, some at a time."""
        depot = self.obj.percpu.depot
        ident = sh.stocked.head.counter.value_() & 0xffffffff
        left = depot.mags.nr.value_()
        while ident and left:
            m = self._magazine(ident)
            above, ident = ident, m.next.value_()
            if ident == above:
                break
            yield self._slots(m.slot.address_of_().value_(),
                              m.stock.counter.value_() & 0xffffffff)
            left -= 1
        ident = sh.single.head.counter.value_() & 0xffffffff
        left = self.obj.chunks.objects.value_()
        while ident and left:
            block, i = divmod(ident - 1, 1 << LINK_SHIFT)
            if block not in links:
                break
            mem, array = links[block]
            yield (mem + i * self.stride,)
            ident = self.prog.read_u32(array + 4 * i)
            left -= 1

    def nodes(self):
        """Free objects in the depot, by node."""
        depot, links, free = self.obj.percpu.depot, self._links(), {}
        for i in range(depot.nr_shards.value_()):
            sh = depot.shard[i]
            node = sh.node.value_()
            free[node] = free.get(node, 0) + sum(map(len, self._shard(sh, links)))
        return [{"node": node, "free": n} for node, n in free.items()]

    def free(self):
        """
        The free objects, some at a time: pairs of where they are, and the objects. An object
        that is nowhere is allocated, or a call was moving it, or trim had taken it.
        """
        if self.sync == "percpu":
            return self._free_percpu()
        return self._free_lowest() if self.order == "lowest" else self._free_deque()

    def _free_percpu(self):
        for cpu in self.kernel.cpus:
            for objects in self.cached(cpu):
                yield f"in the cache of CPU {cpu}", objects
        depot, links = self.obj.percpu.depot, self._links()
        # the last one is that of trim
        for i in range(depot.nr_shards.value_() + 1):
            for objects in self._shard(depot.shard[i], links):
                yield "in the depot", objects

    def _free_lowest(self):
        for c in self.chunks():
            # of a pool with checks, too: the map says what is in the lists
            data = self.read(c.obj.map.level[0], (c.count + 63) // 64 * 8)
            taken = int.from_bytes(data, "little")
            free = ~taken & (1 << c.count) - 1
            yield "in its chunk", [c.mem + i * self.stride for i in
                                   bits_of(free.to_bytes(c.count // 8 + 1, "little"))]

    def _free_deque(self):
        for c in self.chunks():
            first = c.mem + c.obj.unused.value_() * self.stride
            yield ("in its chunk, never allocated",
                   range(first, c.mem + c.count * self.stride, self.stride))
        dq, window = self.obj.central.dq, self.obj.central.window
        n, seg, end = dq.n.value_(), dq.tail, dq.t.value_()
        if window:
            # while it is open, the end of the list is where its top is
            top = (window.top.value_() - seg.slot.address_of_().value_()) // 8
            n, end = n + top - end, top
        while n > 0:
            some = min(n, end)
            first = seg.slot.address_of_().value_() + 8 * (end - some)
            yield "in the list of free objects", self._slots(first, some)
            n -= some
            seg, end = seg.prev, dq.seg_slots.value_()

    # The owner of an address

    def place(self, address):
        """The chunk, slot and offset of an address, or None."""
        for chunk in self.chunks():
            if chunk.mem <= address < chunk.mem + chunk.count * self.stride:
                return Place(chunk, *divmod(address - chunk.mem, self.stride))
        return None

    def where_free(self, place):
        """Where a free object is; None if it is in no list."""
        obj = place.chunk.mem + place.slot * self.stride
        return next((where for where, objects in self.free() if obj in objects), None)


def all_pools(kernel):
    """All pools, in the order of the files in debugfs: first those that are not dead."""
    for symbol, member in (("fa_pools", "node"), ("fa_dead_pools", "dead")):
        if symbol not in kernel.ours:
            raise Failure(f"the module has no symbol {symbol}")
        head = Object(kernel.prog, "struct list_head", address=kernel.ours[symbol])
        for obj in list_for_each_entry("struct fastalloc_pool", head.address_of_(), member):
            if member == "dead" or obj.live:
                yield Pool(kernel, obj)
