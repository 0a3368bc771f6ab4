/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Doctor: what every check is given, and how it tells what it found.
 *
 * doctor.c runs the checks and prints; pool_check.c looks at pools, vm_check.c at processes that
 * run VMs. A check reports each thing it finds once, with what to type against it. One that finds
 * nothing wrong with its subject says so, so that the reader sees what was looked at.
 */
#ifndef PAGEPACT_DOCTOR_H
#define PAGEPACT_DOCTOR_H

#include <stddef.h>

#include "host.h"
#include "pool.h"

enum severity {
	SEVERITY_OK,		/* looked at, and right */
	SEVERITY_NOTE,		/* worth knowing, may be meant so */
	SEVERITY_WARNING,	/* works, but not as well as it should */
	SEVERITY_PROBLEM,	/* does not work, or a VM was harmed */
};

/**
 * struct finding
 * @severity: how bad
 * @check: which check found it, a name for scripts that does not change
 * @subject: what it is about; may hold anything
 * @message: what is the case, one sentence; may hold anything
 * @cure: what to type, safe to show; or NULL
 */
struct finding {
	enum severity severity;
	const char *check;
	char *subject;
	char *message;
	char *cure;
};

/**
 * struct diagnosis - what is known when the checks begin, and what they found
 * @pools: with all attributes; empty when there are none
 * @mounts: of pools, in our mount namespace
 * @findings: in the order of checks
 * @count: how many
 */
struct diagnosis {
	struct pools pools;
	struct mounts mounts;
	struct finding *findings;
	size_t count;
};

/* @cure is taken over, and freed later; whatever it holds went through text_shell(). */
void report(struct diagnosis *diagnosis, enum severity severity, const char *check,
	    const char *subject, char *cure, const char *format, ...)
	    __attribute__((format(printf, 6, 7)));

void check_pools(struct diagnosis *diagnosis);

/* All VMs, or one process when @pid is not 0. Returns 0, or -errno when there is no way to look. */
int check_vms(struct diagnosis *diagnosis, unsigned int pid);

#endif
