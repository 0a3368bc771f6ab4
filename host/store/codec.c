// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "store/codec.h"

static struct pp_stream __percpu *streams;
/* One at a time prepares a codec; nested in nothing. */
static DEFINE_MUTEX(prepare_lock);

static const struct pp_codec *const codecs[PP_NR_CODECS] = {
	[PP_CODEC_LZ4] = &pp_codec_lz4,
	[PP_CODEC_ZSTD] = &pp_codec_zstd,
};

const struct pp_codec *pp_codec_get(enum pp_codec_id id)
{
	return codecs[id];
}

/* Contexts stay until the module goes: pages in this format may exist as long as a pool does. */
static int codec_prepare(int id)
{
	size_t size = codecs[id]->ctx_size();
	int cpu, err = 0;

	mutex_lock(&prepare_lock);
	for_each_possible_cpu(cpu) {
		struct pp_stream *stream = per_cpu_ptr(streams, cpu);
		void *ctx;

		if (stream->ctx[id])
			continue;
		ctx = kvmalloc_node(size, GFP_KERNEL | __GFP_NOWARN, cpu_to_node(cpu));
		err = ctx ? 0 : -ENOMEM;
		if (!err && codecs[id]->ctx_init)
			err = codecs[id]->ctx_init(ctx, size);
		if (err) {
			kvfree(ctx);
			break;
		}
		/* Readers use it only after the knob that this call is for was set. */
		smp_store_release(&stream->ctx[id], ctx);
	}
	mutex_unlock(&prepare_lock);
	return err;
}

int pp_codec_find(const char *name)
{
	int id, err;

	for (id = 0; id < PP_NR_CODECS; id++) {
		if (!codecs[id] || strcmp(codecs[id]->name, name))
			continue;
		err = codec_prepare(id);
		return err ? err : id;
	}
	return -EINVAL;
}

struct pp_stream *pp_stream_lock(void)
{
	struct pp_stream *stream = raw_cpu_ptr(streams);

	mutex_lock(&stream->lock);
	return stream;
}

void pp_stream_unlock(struct pp_stream *stream)
{
	mutex_unlock(&stream->lock);
}

void pp_codec_exit(void)
{
	int cpu, id;

	for_each_possible_cpu(cpu) {
		struct pp_stream *stream = per_cpu_ptr(streams, cpu);

		kvfree(stream->buf);
		for (id = 0; id < PP_NR_CODECS; id++)
			kvfree(stream->ctx[id]);
		mutex_destroy(&stream->lock);
	}
	free_percpu(streams);
}

int pp_codec_init(void)
{
	int cpu;
	bool ok = true;

	streams = alloc_percpu(struct pp_stream);
	if (!streams)
		return -ENOMEM;
	for_each_possible_cpu(cpu) {
		struct pp_stream *stream = per_cpu_ptr(streams, cpu);

		mutex_init(&stream->lock);
		stream->buf = kvmalloc_node(2 * PAGE_SIZE, GFP_KERNEL, cpu_to_node(cpu));
		ok &= !!stream->buf;
	}
	if (ok)
		return 0;
	pp_codec_exit();
	return -ENOMEM;
}
