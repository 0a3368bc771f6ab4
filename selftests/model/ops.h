/* SPDX-License-Identifier: GPL-2.0-only */
/* The operations, each in the file of its kind; ops.c has the table. */
#ifndef OPS_H
#define OPS_H

#include "model.h"

#define OP(name) bool op_##name(struct worker *w, const uint64_t *arg)

/* bytes.c: access to bytes, and giving them back */
OP(read);
OP(write);
OP(poke);
OP(sweep);
OP(pread);
OP(pwrite);
OP(splice);
OP(punch);
OP(dead);
OP(remove);
OP(allocate);
OP(truncate);
OP(odd_size);
OP(verify);

/* maps.c: mappings and processes */
OP(map);
OP(unmap);
OP(renew);
OP(mremap);
OP(protect);
OP(forget);
OP(advise);
OP(fork);
OP(mlock);
OP(munlock);
OP(peer_read);
OP(peer_write);

/* outside.c: devices and pipes that hold pages, eviction, limits */
OP(dio_write);
OP(dio_read);
OP(pin);
OP(unpin);
OP(evict);
OP(limit);
OP(knob);
OP(drop_caches);
OP(cgroup_reclaim);
OP(gauges);

#endif /* OPS_H */
