// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/zstd.h>
#include "store/codec.h"

/* The level that zram takes by default as well. */
#define ZSTD_LEVEL 3

/* Both contexts in one allocation: this struct, then the two workspaces. */
struct zstd_ctx {
	zstd_parameters params;
	zstd_cctx *cctx;
	zstd_dctx *dctx;
};

static size_t cctx_size(void)
{
	zstd_parameters params = zstd_get_params(ZSTD_LEVEL, PAGE_SIZE);

	return ALIGN(zstd_cctx_workspace_bound(&params.cParams), 64);
}

static size_t zstd_ctx_size(void)
{
	return ALIGN(sizeof(struct zstd_ctx), 64) + cctx_size() + zstd_dctx_workspace_bound();
}

static int zstd_ctx_init(void *ctx, size_t size)
{
	struct zstd_ctx *z = ctx;
	void *cspace = ctx + ALIGN(sizeof(*z), 64);
	void *dspace = cspace + cctx_size();

	z->params = zstd_get_params(ZSTD_LEVEL, PAGE_SIZE);
	z->cctx = zstd_init_cctx(cspace, cctx_size());
	z->dctx = zstd_init_dctx(dspace, zstd_dctx_workspace_bound());
	return z->cctx && z->dctx ? 0 : -EINVAL;
}

static size_t zstd_compress(void *ctx, const void *src, void *dst, size_t cap)
{
	struct zstd_ctx *z = ctx;
	size_t len = zstd_compress_cctx(z->cctx, dst, cap, src, PAGE_SIZE, &z->params);

	return zstd_is_error(len) ? 0 : len;
}

static int zstd_decompress(void *ctx, const void *src, size_t len, void *dst)
{
	struct zstd_ctx *z = ctx;

	return zstd_decompress_dctx(z->dctx, dst, PAGE_SIZE, src, len) == PAGE_SIZE ? 0 : -EIO;
}

const struct pp_codec pp_codec_zstd = {
	.name		= "zstd",
	.ctx_size	= zstd_ctx_size,
	.ctx_init	= zstd_ctx_init,
	.compress	= zstd_compress,
	.decompress	= zstd_decompress,
};
