// SPDX-License-Identifier: GPL-2.0-only
/* Bytes in the store, damaged or not: never an overrun, and a whole page or an error. */
#include "store/lz4.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Of exactly their size, so that the sanitizer sees one byte too many. */
	u8 *src = malloc(size ? size : 1), *page = malloc(PAGE_SIZE), *back = malloc(PAGE_SIZE);
	u8 *packed = malloc(PAGE_SIZE), *ctx = malloc(pp_codec_lz4.ctx_size());
	size_t len, i;
	int err;

	assert(src && page && back && packed && ctx);
	memcpy(src, data, size);
	err = pp_codec_lz4.decompress(NULL, src, size, page);
	assert(!err || err == -EIO);

	for (i = 0; i < PAGE_SIZE; i++)
		page[i] = size ? data[i % size] : 0;
	len = pp_codec_lz4.compress(ctx, page, packed, 3072);
	assert(len <= 3072);
	if (len) {
		assert(!pp_codec_lz4.decompress(NULL, packed, len, back));
		assert(!memcmp(page, back, PAGE_SIZE));
	}
	free(src);
	free(page);
	free(back);
	free(packed);
	free(ctx);
	return 0;
}
