// SPDX-License-Identifier: GPL-2.0-only
/* The kernel counts a task's write calls (CONFIG_TASK_XACCT). */
#include <linux/sched.h>
u64 probe(struct task_struct *task);
u64 probe(struct task_struct *task)
{
	return task->ioac.syscw;
}
