# SPDX-License-Identifier: GPL-2.0
"""
The kernel that fastalloc runs in, or ran in: /proc/kcore or a memory dump, without the debug
information of the kernel. Types come from fastalloc.ko, which has debug information of all
structures of the kernel that it uses; addresses from the kernel's own table of symbols.
"""

import bisect
import mmap
import struct

from drgn import FaultError, Object, Program, ProgramFlags
from drgn.helpers.linux.list import list_for_each_entry


class Failure(Exception):
    """An error to print without a traceback."""


def find_vmcoreinfo(path):
    """
    The VMCOREINFO note in an ELF dump, or None. QEMU puts it into the notes of its dump only
    if the guest has told it where it is (-device vmcoreinfo, and the module qemu_fw_cfg).
    But it is always somewhere in the memory of the guest.
    """
    with open(path, "rb") as f:
        if f.read(4) != b"\x7fELF":
            return None
        m = mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)
        at = m.find(b"VMCOREINFO\0\0OSRELEASE=")
        while at >= 12:
            name_size, size, kind = struct.unpack("<III", m[at - 12:at])
            if name_size == 11 and kind == 0:
                return m[at + 12:at + 12 + size]
            at = m.find(b"VMCOREINFO\0\0OSRELEASE=", at + 1)
    return None


def modinfo(path, tag):
    """The value of a tag of a module's file, or None."""
    with open(path, "rb") as f:
        data = f.read()
    at = data.find(b"\0" + tag.encode() + b"=")
    if at < 0:
        return None
    at += len(tag) + 2
    return data[at:data.index(b"\0", at)].decode()


def bits_of(data):
    """The numbers of the bits that are set in a bitmap."""
    for i, byte in enumerate(data):
        while byte:
            yield 8 * i + (byte & -byte).bit_length() - 1
            byte &= byte - 1


def kallsyms(prog, info):
    """
    The symbols of the kernel proper, without modules: a list of (address, name) in the order
    of its table, by address. drgn has a helper for this, which does not know the form that
    the table has since Linux 7.
    """
    def at(name):
        return int(info[f"SYMBOL({name})"], 16)

    n = prog.read_u32(at("kallsyms_num_syms"))
    offsets = struct.unpack(f"<{n}i", prog.read(at("kallsyms_offsets"), 4 * n))
    if "SYMBOL(kallsyms_relative_base)" not in info:
        base = at("kallsyms_offsets")
        addresses = [base + 4 * i + offset for i, offset in enumerate(offsets)]
    else:
        base = prog.read_u64(at("kallsyms_relative_base"))
        # negative: relative; until 6.14 others are absolute, if per-CPU symbols begin at 0
        if sum(offset < 0 for offset in offsets) > n // 2:
            addresses = [o if o >= 0 else base - 1 - o for o in offsets]
        else:
            addresses = [base + (o & 0xffffffff) for o in offsets]

    index = struct.unpack("<256H", prog.read(at("kallsyms_token_index"), 512))
    table = at("kallsyms_token_table")
    data = prog.read(table, index[255] + 128)
    tokens = [data[i:data.index(b"\0", i)] for i in index]
    names = prog.read(at("kallsyms_names"), at("kallsyms_token_table") - at("kallsyms_names"))
    found, pos = [], 0
    for address in addresses:
        size = names[pos]
        pos += 1
        if size & 0x80:
            size = size & 0x7f | names[pos] << 7
            pos += 1
        # the first character is the type
        name = b"".join([tokens[c] for c in names[pos:pos + size]])[1:]
        found.append((address, name.decode()))
        pos += size
    return found


class Kernel:
    """The memory, types and symbols of a kernel that has loaded fastalloc."""

    def __init__(self, core, debug):
        try:
            if core:
                self.prog = Program(vmcoreinfo=find_vmcoreinfo(core))
                self.prog.set_core_dump(core)
            else:
                self.prog = Program()
                self.prog.set_kernel()
        except (OSError, ValueError) as e:
            raise Failure(f"{core or 'the running kernel'}: {e}") from None
        self._load_types(debug)
        if not self.prog.flags & ProgramFlags.IS_LINUX_KERNEL:
            raise Failure(f"{core}: no memory of a Linux kernel (there is no VMCOREINFO in it)")
        info = dict(line.partition("=")[::2] for line in
                    self.prog["VMCOREINFO"].string_().decode().splitlines())
        self.release = info["OSRELEASE"]
        if not (modinfo(debug, "vermagic") or "").startswith(self.release + " "):
            raise Failure(f"{debug} was built for another kernel than {self.release}")
        self._symbols = kallsyms(self.prog, info)
        self._starts = [address for address, _ in self._symbols]
        self._addresses = {name: address for address, name in reversed(self._symbols)}
        self._load_modules(debug)
        self.version = modinfo(debug, "version")
        self.hz = self.prog.read_u32(self.ours["fa_hz"])
        self.jiffies = self.word("jiffies_64")
        # jiffies begin five minutes before they wrap in 32 bits
        self.time_ns = (self.jiffies - (2**32 - 300 * self.hz)) * 10**9 // self.hz
        self.cpus = self._cpus("__cpu_possible_mask")
        self.online = self._cpus("__cpu_online_mask")

    def _load_types(self, debug):
        """An "extra module" gives types, and claims no addresses."""
        module = self.prog.extra_module(debug, create=True)
        # later versions of drgn also return whether it is new
        module = module[0] if isinstance(module, tuple) else module
        try:
            module.try_file(debug, force=True)
            self.prog.type("struct fastalloc_pool")
        except LookupError:
            raise Failure(f"{debug} has no debug information of fastalloc (was it stripped?)") \
                from None
        except Exception as e:
            raise Failure(f"{debug}: {e}") from None

    def _load_modules(self, debug):
        modules = self._object("struct list_head", "modules").address_of_()
        self._modules = {m.name.string_().decode(): m
                         for m in list_for_each_entry("struct module", modules, "list")}
        ours = self._modules.get("fastalloc")
        if not ours:
            raise Failure("the module fastalloc is not loaded")
        version = ours.srcversion.string_().decode() if ours.srcversion else None
        if version != modinfo(debug, "srcversion"):
            raise Failure(f"{debug} was built from other sources than the module that is loaded"
                          f" (srcversion {version})")
        self._module_symbols = {}
        self.ours = {name: address for address, name in self.symbols_of("fastalloc")}

    def address(self, symbol):
        """The address of a symbol of the kernel, or None."""
        return self._addresses.get(symbol)

    def _object(self, type_name, symbol):
        address = self.address(symbol)
        if address is None:
            raise Failure(f"the kernel has no symbol {symbol}")
        return Object(self.prog, type_name, address=address)

    def word(self, symbol):
        """The value of a variable of 64 bits of the kernel."""
        return self._object("unsigned long", symbol).value_()

    def _cpus(self, symbol):
        mask = self._object("struct cpumask", symbol)
        return list(bits_of(self.prog.read(mask.address_, mask.type_.size)))

    def per_cpu(self, pointer, cpu):
        """What a per-CPU pointer refers to on a CPU."""
        offset = self.prog.read_u64(self.address("__per_cpu_offset") + 8 * cpu)
        return Object(self.prog, pointer.type_, pointer.value_() + offset & 2**64 - 1)

    def age_ms(self, since):
        """Milliseconds since a value of jiffies; 0 if a running kernel has stored it since."""
        age = (self.jiffies - since) % 2**64
        return age * 1000 // self.hz if age < 2**63 else 0

    # Names of addresses, as %pS prints them.

    def symbols_of(self, module):
        """The symbols of a module: a list of (address, name) in the order of its table."""
        if module in self._module_symbols:
            return self._module_symbols[module]
        table = self._modules[module].kallsyms
        n = table.num_symtab.value_()
        symtab = Object(self.prog, self.prog.array_type(table.symtab.type_.type, n),
                        address=table.symtab.value_()).read_()
        found = []
        for i in range(1, n):
            sym = symtab[i]
            if sym.st_shndx.value_() == 0:
                continue
            name = table.strtab[sym.st_name.value_()].address_of_().string_().decode()
            if name:
                found.append((sym.st_value.value_(), name))
        self._module_symbols[module] = found
        return found

    def _parts(self, module):
        """The memory of a module: pairs of address and size, that of its code first."""
        m = self._modules[module]
        try:
            parts = [m.mem[i] for i in range(m.mem.type_.length)]
        except AttributeError:
            # before 6.4
            parts = [m.core_layout]
        return [(p.base.value_(), p.size.value_()) for p in parts if p.size]

    def _module_of(self, address):
        for name in self._modules:
            for base, size in self._parts(name):
                if base <= address < base + size:
                    return name, base + size
        return None, None

    def name_of(self, address):
        """SYMBOL+OFFSET/SIZE [MODULE]"""
        module, end = self._module_of(address)
        if module:
            symbols = self.symbols_of(module)
            start = max((a for a, _ in symbols if a <= address), default=None)
            if start is None:
                return f"{address:#x}"
            end = min((a for a, _ in symbols if a > start), default=end)
            name = next(n for a, n in symbols if a == start)
            return f"{name}+{address - start:#x}/{end - start:#x} [{module}]"
        at = bisect.bisect_right(self._starts, address)
        if not at or at == len(self._starts):
            return f"{address:#x}"
        start, end = self._starts[at - 1:at + 1]
        # of several names the first, as in the kernel
        name = self._symbols[bisect.bisect_left(self._starts, start)][1]
        return f"{name}+{address - start:#x}/{end - start:#x}"

    # The stack depot. Its structures are not in the debug information of a module. Of each
    # layout: the symbol, whether that is a pointer to the array, bits of the index, what the
    # index is ahead by, and offsets of handle and frames in a record. The handle in the record
    # shows which one is right.

    _DEPOTS = (
        ("stack_slabs", False, 16, 0, 16, 24),    # 6.1
        ("stack_pools", False, 17, 1, 24, 32),    # 6.12
        ("stack_pools", True, 17, 1, 24, 32),     # 7.x
    )

    def stack(self, handle):
        """The frames of a stack, the innermost first; empty if they cannot be found."""
        for symbol, pointer, bits, ahead, at, frames in self._DEPOTS:
            array = self.address(symbol)
            if array is None:
                continue
            try:
                if pointer:
                    array = self.prog.read_u64(array)
                index = (handle & (1 << bits) - 1) - ahead
                pool = self.prog.read_u64(array + 8 * index)
                record = pool + ((handle >> bits & 1023) << 4)
                if self.prog.read_u32(record + at) != handle:
                    continue
                n = self.prog.read_u32(record + at - 4)
                if n <= 256:
                    return [self.prog.read_u64(record + frames + 8 * i) for i in range(n)]
            except (FaultError, LookupError):
                continue
        return []
