# SPDX-License-Identifier: GPL-2.0
#
# Commands for gdb on a kernel with fastalloc, after add-symbol-file: see
# Documentation/postmortem.rst. They read memory, and neither call nor write anything.

define fa-pools
	echo POOL               NAME                       SIZE   CAPACITY      TOTAL CHUNKS      BYTES  MODULE\n
	set $fa_node = fa_pools.next
	while $fa_node != &fa_pools
		set $fa_pool = (struct fastalloc_pool *)((char *)$fa_node - (long)&((struct fastalloc_pool *)0)->node)
		set $fa_bytes = $fa_pool->account.bytes[0].counter + $fa_pool->account.bytes[1].counter + $fa_pool->account.bytes[2].counter + $fa_pool->account.bytes[3].counter
		printf "%#18lx %-24s %6lu %10lu %10lu %6lu %10ld  %s\n", $fa_pool, $fa_pool->name, $fa_pool->cfg.obj_size, $fa_pool->capacity, $fa_pool->total, $fa_pool->chunks.nr, $fa_bytes, $fa_pool->owner_name
		set $fa_node = $fa_node->next
	end
end
document fa-pools
A line for each pool.
end

define fa-cpus
	set $fa_pool = (struct fastalloc_pool *)($arg0)
	set $fa_cpu = 0
	set $fa_out = $fa_pool->waitq.handed
	echo \ CPU  LEASE   LOADED  SPARE       ALLOCS        FREES\n
	while $fa_cpu < $arg2
		set $fa_cache = (struct fastalloc_cache *)((char *)$fa_pool->percpu.cache + ((unsigned long *)($arg1))[$fa_cpu])
		set $fa_spare = 0
		if $fa_cache->spare
			set $fa_spare = $fa_cache->spare->n
		end
		set $fa_allocs = $fa_cache->allocs + $fa_cache->nested_allocs
		set $fa_frees = $fa_cache->frees + $fa_cache->nested_frees
		printf "%4d %6u %8u %6u %12lu %12lu\n", $fa_cpu, 2 * $fa_cache->size, $fa_cache->n, $fa_spare, $fa_allocs, $fa_frees
		set $fa_out = $fa_out + $fa_allocs - $fa_frees
		set $fa_cpu = $fa_cpu + 1
	end
	printf "%ld objects are allocated\n", $fa_out
end
document fa-cpus
fa-cpus POOL OFFSETS CPUS: the caches of the pool at address POOL, of sync PERCPU. OFFSETS is the address of
__per_cpu_offset, from /proc/kallsyms; CPUS the number of possible CPUs. A cache that is in use
shows a number of 0x8000000 or more as LOADED.
end

define fa-track
	if $arg0->valid
		printf "by pid %d on CPU %u in ", $arg0->pid, $arg0->cpu
		output/a $arg0->ip
		echo \n
	else
		echo never\n
	end
end

define fa-slot
	# of $fa_addr in $fa_chunk of $fa_pool
	set $fa_i = ($fa_addr - (unsigned long)$fa_chunk->mem) / $fa_pool->chunks.stride
	set $fa_off = ($fa_addr - (unsigned long)$fa_chunk->mem) % $fa_pool->chunks.stride
	printf "%#lx: pool %s at %#lx, chunk at %#lx, slot %lu of %u, offset %lu\n", $fa_addr, $fa_pool->name, $fa_pool, $fa_chunk->mem, $fa_i, $fa_chunk->count, $fa_off
	set $fa_known = 1
	if $fa_chunk->word
		set $fa_bit = ($fa_chunk->word[$fa_i].counter & 0x7fffffff) != 0
	else
		if $fa_chunk->out
			set $fa_bit = $fa_chunk->out[$fa_i / 64] >> ($fa_i % 64) & 1
		else
			set $fa_bit = $fa_chunk->map.level[0][$fa_i / 64] >> ($fa_i % 64) & 1
			set $fa_known = $fa_pool->order == FASTALLOC_ORDER_LOWEST
		end
	end
	if !$fa_known
		echo \ \ the pool keeps no record of allocated objects\n
	else
		if $fa_bit
			echo \ \ allocated now\n
		else
			echo \ \ free now\n
		end
	end
	if $fa_chunk->track
		set $fa_t = &$fa_chunk->track[2 * $fa_i]
		printf "  last allocated "
		fa-track $fa_t
		set $fa_t = &$fa_chunk->track[2 * $fa_i + 1]
		printf "  last freed "
		fa-track $fa_t
	end
end

define fa-addr
	set $fa_addr = (unsigned long)($arg0)
	set $fa_found = 0
	set $fa_node = fa_pools.next
	while $fa_node != &fa_pools && !$fa_found
		set $fa_pool = (struct fastalloc_pool *)((char *)$fa_node - (long)&((struct fastalloc_pool *)0)->node)
		# the tree has two copies; a writer changes one at a time
		set $fa_copy = $fa_pool->chunks.tree.seq.seqcount.sequence & 1
		set $fa_rb = $fa_pool->chunks.tree.tree[$fa_copy].rb_node
		while $fa_rb && !$fa_found
			set $fa_chunk = (struct fa_chunk *)((char *)$fa_rb - (long)&((struct fa_chunk *)0)->all.node[$fa_copy])
			if $fa_addr < (unsigned long)$fa_chunk->mem
				set $fa_rb = $fa_rb->rb_left
			else
				if $fa_addr >= (unsigned long)$fa_chunk->end
					set $fa_rb = $fa_rb->rb_right
				else
					set $fa_found = 1
				end
			end
		end
		set $fa_node = $fa_node->next
	end
	if $fa_found
		fa-slot
	else
		printf "%#lx: in no pool\n", $fa_addr
	end
end
document fa-addr
fa-addr ADDRESS: its owner: pool, chunk, slot, free or allocated, and by whom last.
end
