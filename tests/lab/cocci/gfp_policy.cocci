// SPDX-License-Identifier: GPL-2.0
/// In fastalloc/, the flags of an allocation come from fa_gfp(): a call that
/// names GFP_KERNEL, GFP_ATOMIC and the like itself, or implies GFP_KERNEL, does
/// not follow the memory policy of fastalloc/mem.c. Flags in a variable pass;
/// where the variable was set is not checked.
// Options: --no-includes

virtual report

// Not "=~", whose syntax depends on how spatch was built.
@initialize:python@
@@
import re

def is_gfp(name):
    return bool(re.match("GFP_(KERNEL|KERNEL_ACCOUNT|ATOMIC|NOWAIT|NOIO|NOFS|USER)$", name))

def names_gfp(name):
    return bool(re.match("(kv?([mzc]|re)alloc|kv?memdup|kstrn?dup|kv?asprintf|kmem_cache_alloc|"
                         "bitmap_z?alloc|(__)?alloc_pages?|(__)?alloc_percpu_gfp|(__)?folio_alloc|"
                         "__get_free_page|get_zeroed_page|__vmalloc|vmalloc_huge|"
                         "(__)?xa_(store|insert|alloc|cmpxchg|reserve)|"
                         "id[ar]_(alloc|simple_get|preload)|mempool_(alloc|create|init)|"
                         "percpu_counter_init|fa_(kzalloc|kvmalloc|mem_alloc|vmalloc)|"
                         "mem_alloc$)", name))

def implies_gfp(name):
    return bool(re.match("(v[mz]alloc(_node|_user|_32|_32_user|_array)?|vcalloc|"
                         "(__)?alloc_percpu(_aligned)?|"
                         "mempool_(create|init)(_(slab|kmalloc|page)_pool)?)$", name))

@wrapped@
identifier flag =~ "^GFP_";
position p;
@@
fa_gfp(<+... flag@p ...+>)

@named@
identifier alloc : script:python() { names_gfp(alloc) };
identifier flag : script:python() { is_gfp(flag) };
position p != wrapped.p;
expression E;
@@
(
alloc(..., <+... flag@p ...+>, ...)
|
E.alloc(..., <+... flag@p ...+>, ...)
|
E->alloc(..., <+... flag@p ...+>, ...)
)

@implied@
identifier alloc : script:python() { implies_gfp(alloc) };
position p;
@@
alloc@p(...)

@script:python depends on report@
p << named.p;
alloc << named.alloc;
flag << named.flag;
@@
coccilib.report.print_report(p[0], "%s() with %s outside fa_gfp()" % (alloc, flag))

@script:python depends on report@
p << implied.p;
alloc << implied.alloc;
@@
coccilib.report.print_report(p[0], "%s() implies GFP_KERNEL" % alloc)
