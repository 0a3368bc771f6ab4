// SPDX-License-Identifier: GPL-2.0-only
/* Mounting, unmounting, mount options: one pool a mount. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/statfs.h>
#include "compat/compat.h"
#include "control/knobs.h"
#include "control/sysfs.h"
#include "core/frame.h"
#include "memfs/memfs.h"
#include "policy/ledger.h"
#include "policy/pressure.h"
#include "policy/place.h"
#include "policy/reclaim.h"
#include "store/store.h"

#define MAX_NAME 63
/* More than any guest has; a sum of them, in pages, cannot wrap. */
#define MAX_REGION (1LL << 46)

/* Options beyond the knobs. */
enum {
	OPT_MODE = PP_NR_KNOBS,
	OPT_UID,
	OPT_GID,
};

#define KNOB_OPT(name, knob) fsparam_string(name, knob)

static const struct fs_parameter_spec pp_parameters[] = {
	KNOB_OPT("limit",		PP_KNOB_LIMIT),
	KNOB_OPT("size",		PP_KNOB_SIZE),
	KNOB_OPT("nr_inodes",		PP_KNOB_NR_INODES),
	KNOB_OPT("region_limit",	PP_KNOB_REGION_LIMIT),
	KNOB_OPT("store_limit",		PP_KNOB_STORE_LIMIT),
	KNOB_OPT("compressor",		PP_KNOB_COMPRESSOR),
	KNOB_OPT("policy",		PP_KNOB_POLICY),
	KNOB_OPT("commit",		PP_KNOB_COMMIT),
	KNOB_OPT("alarm",		PP_KNOB_ALARM),
	KNOB_OPT("evict",		PP_KNOB_EVICT),
	KNOB_OPT("keep_copies",		PP_KNOB_KEEP_COPIES),
	KNOB_OPT("detect_same",		PP_KNOB_DETECT_SAME),
	KNOB_OPT("share_slots",		PP_KNOB_SHARE_SLOTS),
	KNOB_OPT("raw_early",		PP_KNOB_RAW_EARLY),
	KNOB_OPT("encrypt",		PP_KNOB_ENCRYPT),
	KNOB_OPT("shrinker",		PP_KNOB_SHRINKER),
	KNOB_OPT("shrink_step",		PP_KNOB_SHRINK_STEP),
	KNOB_OPT("age_interval_ms",	PP_KNOB_AGE_INTERVAL),
	KNOB_OPT("demote_ms",		PP_KNOB_DEMOTE),
	KNOB_OPT("spare",		PP_KNOB_SPARE),
	KNOB_OPT("stall_ms",		PP_KNOB_STALL),
	KNOB_OPT("huge",		PP_KNOB_HUGE),
	KNOB_OPT("huge_zeros",		PP_KNOB_HUGE_ZEROS),
	KNOB_OPT("huge_hot",		PP_KNOB_HUGE_HOT),
	KNOB_OPT("huge_tough",		PP_KNOB_HUGE_TOUGH),
	fsparam_u32oct("mode",		OPT_MODE),
	fsparam_uid("uid",		OPT_UID),
	fsparam_gid("gid",		OPT_GID),
	{}
};

/**
 * struct pp_options - what the mount call asked for
 * @knob: values as text, or NULL
 * @mode: of the root
 * @uid: of the root
 * @gid: of the root
 * @root_given: one of these three was given
 */
struct pp_options {
	char *knob[PP_NR_KNOBS];
	umode_t mode;
	kuid_t uid;
	kgid_t gid;
	bool root_given;
};

static int pp_parse_param(struct fs_context *fc, struct fs_parameter *param)
{
	struct pp_options *o = fc->fs_private;
	struct fs_parse_result result;
	int opt = fs_parse(fc, pp_parameters, param, &result);

	if (opt < 0)
		return opt;
	o->root_given |= opt >= OPT_MODE;
	switch (opt) {
	case OPT_MODE:
		if (result.uint_32 & ~07777)
			return invalf(fc, "pagepact: mode=%o is not a mode", result.uint_32);
		o->mode = result.uint_32;
		return 0;
	case OPT_UID:
		o->uid = result.uid;
		return 0;
	case OPT_GID:
		o->gid = result.gid;
		return 0;
	default:
		kfree(o->knob[opt]);
		o->knob[opt] = param->string;
		param->string = NULL;
		return 0;
	}
}

static void pool_free(struct pp_pool *pool)
{
	if (pool->store)
		pp_store_destroy(pool->store);
	free_percpu(pool->stats);
	kfree(pool->name);
	kfree(pool);
}

static struct pp_pool *pool_alloc(struct super_block *sb, const char *name)
{
	struct pp_pool *pool = kzalloc(sizeof(*pool), GFP_KERNEL);

	if (!pool)
		return NULL;
	pool->sb = sb;
	spin_lock_init(&pool->lock);
	INIT_LIST_HEAD(&pool->regions);
	pp_reclaim_init_pool(pool);
	pp_knobs_default(pool);
	pool->name = kstrdup(name, GFP_KERNEL);
	pool->stats = alloc_percpu(struct pp_stats);
	pool->store = pp_store_create();
	if (!pool->name || !pool->stats || !pool->store) {
		pool_free(pool);
		return NULL;
	}
	pp_place_init_pool(pool);
	pp_ledger_add_pool(pool);
	return pool;
}

static int refuse(struct fs_context *fc, int knob, const char *value, int err)
{
	pr_err("mount option %s=%.64s refused: error %d\n", pp_knob_names[knob], value, err);
	errorf(fc, "pagepact: %s=%.64s refused: error %d", pp_knob_names[knob], value, err);
	return err;
}

static int set_option(struct fs_context *fc, struct pp_pool *pool, struct pp_options *o, int knob)
{
	int err = o->knob[knob] ? pp_knob_store(pool, knob, o->knob[knob]) : 0;

	return err ? refuse(fc, knob, o->knob[knob], err) : 0;
}

/**
 * struct before - what a remount goes back to
 * @limit: pages
 * @store_limit: bytes
 * @commit: enum pp_commit
 */
struct before {
	unsigned long limit;
	u64 store_limit;
	unsigned long commit;
};

static void go_back(struct pp_pool *pool, struct pp_options *o, int knob, struct before *before)
{
	if (!o->knob[knob])
		return;
	pp_knobs_go_back(pool, knob, knob == PP_KNOB_COMMIT ? before->commit :
				     knob == PP_KNOB_LIMIT ? (u64)before->limit << PAGE_SHIFT :
				     before->store_limit);
}

/* What makes room for a lower limit goes before that; what cannot be reached is undone. */
static int set_limits(struct fs_context *fc, struct pp_pool *pool, struct pp_options *o,
		      const unsigned long *n)
{
	struct before before = {
		.limit = READ_ONCE(pool->knobs.limit),
		.store_limit = pp_store_limit(pool->store),
		.commit = READ_ONCE(pool->knobs.commit),
	};
	u64 store = (u64)n[PP_KNOB_STORE_LIMIT] << PAGE_SHIFT;
	bool relax = n[PP_KNOB_COMMIT] == PP_COMMIT_RELAXED;
	bool grows = !store || (before.store_limit && store > before.store_limit);
	int order[3], *next = order;
	int i, err = 0;

	if (relax)
		*next++ = PP_KNOB_COMMIT;
	if (grows)
		*next++ = PP_KNOB_STORE_LIMIT;
	*next++ = PP_KNOB_LIMIT;
	if (!grows)
		*next++ = PP_KNOB_STORE_LIMIT;
	if (!relax)
		*next++ = PP_KNOB_COMMIT;
	for (i = 0; i < ARRAY_SIZE(order) && !err; i++)
		err = set_option(fc, pool, o, order[i]);
	for (i -= 2; err && i >= 0; i--)
		go_back(pool, o, order[i], &before);
	return err;
}

/* All of them or none, unless others set limits or make regions at the same time. */
static int set_options(struct fs_context *fc, struct pp_pool *pool, struct pp_options *o)
{
	/* What is not given stays as it is. */
	unsigned long n[PP_NR_KNOBS] = {
		[PP_KNOB_LIMIT] = READ_ONCE(pool->knobs.limit),
		[PP_KNOB_STORE_LIMIT] = pp_store_limit(pool->store) >> PAGE_SHIFT,
		[PP_KNOB_COMMIT] = READ_ONCE(pool->knobs.commit),
	};
	long few;
	int i, err;

	for (i = 0; i < PP_NR_KNOBS; i++) {
		err = o->knob[i] ? pp_knob_check(pool, i, o->knob[i], &n[i]) : 0;
		if (err)
			return refuse(fc, i, o->knob[i], err);
	}
	few = pp_ledger_check(pool, n[PP_KNOB_LIMIT], (u64)n[PP_KNOB_STORE_LIMIT] << PAGE_SHIFT,
			      n[PP_KNOB_COMMIT]);
	if (few) {
		i = o->knob[PP_KNOB_LIMIT] ? PP_KNOB_LIMIT :
		    o->knob[PP_KNOB_STORE_LIMIT] ? PP_KNOB_STORE_LIMIT : PP_KNOB_COMMIT;
		if (i != PP_KNOB_COMMIT)
			pp_ledger_explain(pool, pp_knob_names[i], (u64)n[i] << PAGE_SHIFT, few);
		else
			pp_ledger_explain_strict(pool, few);
		return refuse(fc, i, o->knob[i], -ENOSPC);
	}
	err = set_limits(fc, pool, o, n);
	for (i = 0; i < PP_NR_KNOBS && !err; i++)
		if (i != PP_KNOB_LIMIT && i != PP_KNOB_STORE_LIMIT && i != PP_KNOB_COMMIT)
			err = set_option(fc, pool, o, i);
	return err;
}

static int check_name(struct fs_context *fc)
{
	const char *p = fc->source;

	if (!p || !*p || strlen(p) > MAX_NAME)
		return invalf(fc, "pagepact: the source names the pool: 1 to 63 characters");
	if (*p == '.')
		return invalf(fc, "pagepact: a pool's name does not begin with a dot");
	for (; *p; p++)
		if (!isalnum(*p) && !strchr("-_.", *p))
			return invalf(fc, "pagepact: pool names have letters, digits, - _ . only");
	return 0;
}

static int pp_fill_super(struct super_block *sb, struct fs_context *fc)
{
	struct pp_options *o = fc->fs_private;
	struct pp_pool *pool = pool_alloc(sb, fc->source);
	struct inode *root;
	int err;

	if (!pool)
		return -ENOMEM;
	sb->s_maxbytes = MAX_REGION;
	sb->s_blocksize = PAGE_SIZE;
	sb->s_blocksize_bits = PAGE_SHIFT;
	sb->s_magic = PAGEPACT_MAGIC;
	sb->s_op = &pp_super_ops;
	sb->s_time_gran = 1;
	sb->s_iflags |= SB_I_NOEXEC | SB_I_NODEV;
	err = set_options(fc, pool, o);
	if (err)
		goto out_free;
	err = pp_sysfs_add_pool(pool);
	if (err) {
		if (err == -EEXIST)
			errorf(fc, "pagepact: a pool named %s is mounted already", pool->name);
		goto out_free;
	}
	/* From here on kill_sb undoes everything. */
	sb->s_fs_info = pool;
	pp_ledger_start_alarm(pool);
	pp_pressure_add_pool(pool);
	pool->zero_inode = pp_zero_inode(sb);
	root = pp_root_inode(sb, o->mode, o->uid, o->gid);
	sb->s_root = d_make_root(root);
	return pool->zero_inode && sb->s_root ? 0 : -ENOMEM;
out_free:
	pp_ledger_del_pool(pool);
	pp_reclaim_exit_pool(pool);
	pp_place_exit_pool(pool);
	pool_free(pool);
	return err;
}

static int pp_get_tree(struct fs_context *fc)
{
	int err = check_name(fc);

	return err ? err : get_tree_nodev(fc, pp_fill_super);
}

/* A remount sets knobs like sysfs does; mount(8) repeats those that stay as they are. */
static int pp_reconfigure(struct fs_context *fc)
{
	struct pp_options *o = fc->fs_private;

	if (o->root_given)
		return invalf(fc, "pagepact: a remount sets no mode, uid, gid: use chmod, chown");
	return set_options(fc, pp_sb_pool(fc->root->d_sb), o);
}

static void pp_free_fc(struct fs_context *fc)
{
	struct pp_options *o = fc->fs_private;
	int i;

	for (i = 0; i < PP_NR_KNOBS; i++)
		kfree(o->knob[i]);
	kfree(o);
}

static const struct fs_context_operations pp_context_ops = {
	.parse_param	= pp_parse_param,
	.get_tree	= pp_get_tree,
	.reconfigure	= pp_reconfigure,
	.free		= pp_free_fc,
};

static int pp_init_fs_context(struct fs_context *fc)
{
	struct pp_options *o = kzalloc(sizeof(*o), GFP_KERNEL);

	if (!o)
		return -ENOMEM;
	o->mode = 0755;
	o->uid = current_fsuid();
	o->gid = current_fsgid();
	fc->fs_private = o;
	fc->ops = &pp_context_ops;
	return 0;
}

static void pp_kill_sb(struct super_block *sb)
{
	struct pp_pool *pool = pp_sb_pool(sb);

	if (pool && pool->zero_inode) {
		pp_zero_forget(pool);
		iput(pool->zero_inode);
		pool->zero_inode = NULL;
	}
	pp_compat_kill_super(sb);
	if (!pool)
		return;
	pp_pressure_del_pool(pool);
	pp_ledger_stop_alarm(pool);
	/* Only now nothing can start a worker any more, neither a fault nor a knob. */
	pp_sysfs_del_pool(pool);
	pp_ledger_del_pool(pool);
	pp_reclaim_exit_pool(pool);
	pp_place_exit_pool(pool);
	pool_free(pool);
}

static int pp_statfs(struct dentry *dentry, struct kstatfs *buf)
{
	struct pp_pool *pool = pp_sb_pool(dentry->d_sb);
	unsigned long size = READ_ONCE(pool->knobs.size);
	unsigned long promised = READ_ONCE(pool->promised);
	unsigned long inodes = atomic_long_read(&pool->inodes);
	unsigned long nr_inodes = READ_ONCE(pool->knobs.nr_inodes);

	buf->f_type = PAGEPACT_MAGIC;
	buf->f_bsize = PAGE_SIZE;
	buf->f_namelen = NAME_MAX;
	/* Without a size limit there is no honest number of free blocks; statfs(2) knows zero. */
	if (size) {
		buf->f_blocks = size;
		buf->f_bfree = size - min(size, promised);
		buf->f_bavail = buf->f_bfree;
	}
	if (nr_inodes) {
		buf->f_files = nr_inodes;
		buf->f_ffree = nr_inodes - min(nr_inodes, inodes);
	}
	return 0;
}

static int pp_show_options(struct seq_file *m, struct dentry *root)
{
	struct pp_pool *pool = pp_sb_pool(root->d_sb);
	char *buf = (char *)__get_free_page(GFP_KERNEL);
	int i;

	if (!buf)
		return -ENOMEM;
	for (i = 0; i < PP_NR_KNOBS; i++) {
		if (pp_knob_show(pool, i, buf) > 0)
			seq_show_option(m, pp_knob_names[i], strim(buf));
	}
	free_page((unsigned long)buf);
	return 0;
}

const struct super_operations pp_super_ops = {
	.statfs		= pp_statfs,
	.drop_inode	= pp_compat_drop_inode,
	.evict_inode	= pp_inode_evict,
	.show_options	= pp_show_options,
};

static struct file_system_type pp_fs_type = {
	.owner		= THIS_MODULE,
	.name		= "pagepact",
	.init_fs_context = pp_init_fs_context,
	.parameters	= pp_parameters,
	.kill_sb	= pp_kill_sb,
};
MODULE_ALIAS_FS("pagepact");

int pp_memfs_init(void)
{
	return register_filesystem(&pp_fs_type);
}

void pp_memfs_exit(void)
{
	unregister_filesystem(&pp_fs_type);
}
