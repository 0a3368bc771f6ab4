// SPDX-License-Identifier: GPL-2.0-only
#include <linux/lz4.h>
#include <linux/mm.h>
#include "store/codec.h"

static size_t lz4_ctx_size(void)
{
	return LZ4_MEM_COMPRESS;
}

static size_t lz4_compress(void *ctx, const void *src, void *dst, size_t cap)
{
	int len = LZ4_compress_default(src, dst, PAGE_SIZE, cap, ctx);

	return len > 0 ? len : 0;
}

static int lz4_decompress(void *ctx, const void *src, size_t len, void *dst)
{
	return LZ4_decompress_safe(src, dst, len, PAGE_SIZE) == PAGE_SIZE ? 0 : -EIO;
}

const struct pp_codec pp_codec_lz4 = {
	.name		= "lz4",
	.ctx_size	= lz4_ctx_size,
	.compress	= lz4_compress,
	.decompress	= lz4_decompress,
};
