/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * codec: what turns a page into fewer bytes and back. One small file each (lz4.c, zstd.c).
 *
 * A stream is the working memory of one CPU. It is taken for the length of one page, in either
 * direction; the holder may sleep and may move to another CPU meanwhile.
 */
#ifndef PAGEPACT_STORE_CODEC_H
#define PAGEPACT_STORE_CODEC_H

#include <linux/mutex.h>
#include <linux/types.h>

/**
 * enum pp_codec_id - codecs; they stand in slots, which stay readable when the setting changes
 * @PP_CODEC_RAW: none: a page as it is
 * @PP_CODEC_LZ4: lz4
 * @PP_CODEC_ZSTD: zstd
 * @PP_NR_CODECS: number of codecs
 */
enum pp_codec_id {
	PP_CODEC_RAW,
	PP_CODEC_LZ4,
	PP_CODEC_ZSTD,
	PP_NR_CODECS
};

/**
 * struct pp_stream - one CPU's working memory
 * @lock: taken for one page
 * @buf: two pages: compressed bytes, or the copy of an object that spans two pages
 * @ctx: the codec's own memory per codec, NULL until that codec was chosen once
 */
struct pp_stream {
	struct mutex lock;
	void *buf;
	void *ctx[PP_NR_CODECS];
};

/**
 * struct pp_codec - one codec
 * @name: as written to the knob
 * @ctx_size: bytes of @ctx that one stream needs, 0 = none
 * @ctx_init: prepares fresh memory of that size; NULL = nothing to do. Return: 0 or an errno.
 * @compress: @src is a page; Return: bytes written to @dst, 0 when they exceed @cap
 * @decompress: fills the page @dst from @len bytes; Return: 0 or -EIO. Must not sleep.
 */
struct pp_codec {
	const char *name;
	size_t (*ctx_size)(void);
	int (*ctx_init)(void *ctx, size_t size);
	size_t (*compress)(void *ctx, const void *src, void *dst, size_t cap);
	int (*decompress)(void *ctx, const void *src, size_t len, void *dst);
};

extern const struct pp_codec pp_codec_lz4;
extern const struct pp_codec pp_codec_zstd;

/**
 * pp_codec_find - looks a codec up by name and prepares its working memory on all CPUs
 * @name: NUL-terminated
 * Return: its number, -EINVAL when unknown, -ENOMEM.
 */
int pp_codec_find(const char *name);

/**
 * pp_codec_get - a codec by its number
 * @id: enum pp_codec_id
 * Return: the codec.
 */
const struct pp_codec *pp_codec_get(enum pp_codec_id id);

/**
 * pp_stream_lock - takes this CPU's stream
 * Return: the stream, locked.
 */
struct pp_stream *pp_stream_lock(void);

/**
 * pp_stream_unlock - gives @stream back
 * @stream: what pp_stream_lock() returned
 */
void pp_stream_unlock(struct pp_stream *stream);

/**
 * pp_codec_init - makes what codec.c needs, when the module is loaded
 * Return: 0 or an errno.
 */
int pp_codec_init(void);

/**
 * pp_codec_exit - undoes pp_codec_init()
 */
void pp_codec_exit(void);

#endif /* PAGEPACT_STORE_CODEC_H */
