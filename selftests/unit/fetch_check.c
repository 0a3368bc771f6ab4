// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading from a device: wrong bytes never come through, errors are one page's, what is read ahead
 * is right, and pages are equal only when their bytes are, whatever their prints say.
 */
#include "store/fetch.c"
#include "store/blocks.c"
#include "unit.h"

#define BLOCKS	192

static struct pp_tiers tiers;
static struct pp_tier tier[2];
static struct pp_device dev[2];
static struct pp_slots slots;
static struct pp_slot slot[8];
static u8 disk[BLOCKS][PAGE_SIZE];
/* What a read of each block says, and how often it does; reads in all, blocks of the last one. */
static int disk_error[BLOCKS], error_times[BLOCKS];
static unsigned int reads, last_nr, complaints, decrypt_error;
static struct page *cached[BLOCKS];
static bool marked[PP_NR_MARKS][BLOCKS];

/* --- what fetch.c stands on --- */

struct pp_request *pp_request_alloc(unsigned int nr, gfp_t gfp)
{
	struct pp_request *req = kzalloc(sizeof(*req), gfp);

	if (!req)
		return NULL;
	for (; req->nr < nr; req->nr++) {
		req->pages[req->nr] = alloc_page(gfp);
		if (!req->pages[req->nr]) {
			pp_request_put(req);
			return NULL;
		}
	}
	return req;
}

void pp_request_put(struct pp_request *req)
{
	while (req->nr)
		put_page(req->pages[--req->nr]);
	kfree(req);
}

/* How long it takes, in jiffies. */
static long device_takes;

int pp_device_read(struct pp_device *device, struct pp_request *req, u64 first, long patience)
{
	unsigned int i;

	reads++;
	last_nr = req->nr;
	if (device_takes >= patience)
		return -ETIMEDOUT;
	for (i = 0; i < req->nr; i++) {
		if (disk_error[first + i] && error_times[first + i]) {
			error_times[first + i]--;
			return disk_error[first + i];
		}
		memcpy(page_address(req->pages[i]), disk[first + i], PAGE_SIZE);
	}
	return 0;
}

void pp_device_count(struct pp_device *device, enum pp_device_stat what, u64 n) { }

void pp_device_complain(struct pp_device *device, const char *what, u64 block, int err)
{
	complaints++;
}

struct page *pp_cache_find(struct pp_cache *cache, u64 key)
{
	struct page *page = key < BLOCKS ? cached[key] : NULL;

	if (page)
		get_page(page);
	return page;
}

void pp_cache_add(struct pp_cache *cache, u64 key, struct page *page)
{
	if (key >= BLOCKS || cached[key])
		return;
	get_page(page);
	cached[key] = page;
}

void pp_cache_drop(struct pp_cache *cache, u64 key)
{
	if (key < BLOCKS && cached[key]) {
		put_page(cached[key]);
		cached[key] = NULL;
	}
}

void pp_cache_mark(struct pp_cache *cache, u64 key, enum pp_mark mark) { marked[mark][key] = true; }

bool pp_cache_has_mark(struct pp_cache *cache, u64 key, enum pp_mark mark)
{
	return marked[mark][key];
}

int pp_cipher_decrypt(struct pp_cipher *cipher, u64 salt, u64 block, struct page *src,
		      struct page *dst)
{
	unsigned int i;

	for (i = 0; i < PAGE_SIZE; i++)
		((u8 *)page_address(dst))[i] = ((u8 *)page_address(src))[i] ^ 0x5a;
	return decrypt_error;
}

struct pp_stream *pp_stream_lock(void)
{
	static struct pp_stream stream;

	return &stream;
}

void pp_stream_unlock(struct pp_stream *stream) { }

/* "Compressed" is the first byte. */
static int decompress(void *ctx, const void *src, size_t len, void *dst)
{
	memset(dst, *(const u8 *)src, PAGE_SIZE);
	return len == 8 ? 0 : -EIO;
}

const struct pp_codec *pp_codec_get(enum pp_codec_id id)
{
	static const struct pp_codec codec = { .decompress = decompress };

	return &codec;
}

bool pp_slot_read(struct pp_slots *space, u64 number, struct pp_slot *out)
{
	*out = slot[number];
	return true;
}

unsigned int pp_store_drop(struct pp_slots *space, u64 number) { return 0; }

/* Of slots in memory. */
int pp_store_fetch(struct pp_slots *space, u64 number, struct page *dst)
{
	memset(page_address(dst), 0x77, PAGE_SIZE);
	return 0;
}

void pp_tier_put(struct pp_tier *its, bool now) { expect(!refcount_dec_and_test(&its->users)); }
void pp_tier_put_block(struct pp_tier *its, u64 block) { pp_blocks_put(&its->dev->blocks, block); }

/* --- a device --- */

static unsigned int references(u64 block)
{
	unsigned int n = 0;

	while (pp_blocks_in_use(&dev[0].blocks, block) && n < 100) {
		pp_blocks_put(&dev[0].blocks, block);
		n++;
	}
	return n;
}

static void write_block(u64 block, u8 what)
{
	memset(disk[block], what, PAGE_SIZE);
	pp_blocks_set_sum(&dev[0].blocks, block, disk[block]);
}

/* Two devices; of the first each block is taken, has other bytes, and slot @i is block @i. */
static void begin(void)
{
	unsigned int i, n;
	u64 first;

	memset(&tiers, 0, sizeof(tiers));
	memset(tier, 0, sizeof(tier));
	memset(dev, 0, sizeof(dev));
	memset(disk_error, 0, sizeof(disk_error));
	memset(marked, 0, sizeof(marked));
	reads = complaints = decrypt_error = 0;
	for (i = 0; i < 2; i++) {
		expect_eq(pp_blocks_init(&dev[i].blocks, BLOCKS), 0);
		tier[i].tiers = &tiers;
		tier[i].number = i;
		tier[i].dev = &dev[i];
		tier[i].window = 1;
		refcount_set(&tier[i].users, 1);
		tiers.tier[i] = &tier[i];
		for (n = 0; n < BLOCKS; )
			n += pp_blocks_take(&dev[i].blocks, BLOCKS, &first);
	}
	for (i = 0; i < BLOCKS; i++)
		write_block(i, i + 1);
	for (i = 0; i < 8; i++) {
		slot[i] = (struct pp_slot){ .len = PAGE_SIZE, .codec = PP_CODEC_RAW, .print = 5 };
		pp_place_set(&slot[i], &tier[0], i, 0);
	}
}

static void end(void)
{
	unsigned int i;

	for (i = 0; i < BLOCKS; i++)
		pp_cache_drop(NULL, i);
	expect_eq(refcount_read(&tier[0].users), 1);
	expect_eq(refcount_read(&tier[1].users), 1);
	expect_eq(tiers.srcu.readers, 0);
	for (i = 0; i < 2; i++)
		pp_blocks_exit(&dev[i].blocks);
}

/* How long who fetches waits. */
static long patience = MAX_SCHEDULE_TIMEOUT;

/* Slot @number's page is all @what; or the errno of why there is none. */
static int fetch(u64 number, u8 what)
{
	struct page *page = alloc_page(0);
	unsigned int i, wrong = 0;
	int err = pp_tiers_read(&tiers, &slots, number, page, patience);

	for (i = 0; !err && i < PAGE_SIZE; i++)
		wrong += ((u8 *)page_address(page))[i] != what;
	expect(!wrong);
	put_page(page);
	return err;
}

TEST(what_was_written_comes_back)
{
	begin();
	expect_eq(fetch(3, 4), 0);
	expect_eq(reads, 1);
	expect_eq(fetch(3, 4), 0);
	expect_eq(reads, 1);
	/* In a part of a block. */
	slot[2].len = 8;
	slot[2].codec = PP_CODEC_RAW + 1;
	pp_place_set(&slot[2], &tier[0], 2, 4088);
	disk[2][4088] = 99;
	pp_blocks_set_sum(&dev[0].blocks, 2, disk[2]);
	expect_eq(fetch(2, 99), 0);
	slot[2].len = 16;
	expect_eq(fetch(2, 99), -EIO);
	/* In memory by now. */
	slot[1].far = false;
	expect_eq(fetch(1, 0x77), 0);
	expect_eq(references(3), 1);
	end();
}

TEST(wrong_bytes_do_not)
{
	unsigned int n;

	begin();
	disk[5][77] ^= 1;
	expect_eq(fetch(5, 6), -EIO);
	expect_eq(reads, READ_TRIES);
	expect_eq(complaints, READ_TRIES);
	/* Nor are they asked for at once again. */
	n = reads;
	expect_eq(fetch(5, 6), -EIO);
	expect_eq(reads, n);
	marked[PP_MARK_BAD][5] = false;
	disk[5][77] ^= 1;
	expect_eq(fetch(5, 6), 0);
	/* What went bad in the cache is read again. */
	((u8 *)page_address(cached[5]))[9] ^= 1;
	expect_eq(fetch(5, 6), 0);
	expect_eq(references(5), 1);
	end();
}

TEST(a_neighbour_that_is_bad_harms_none)
{
	begin();
	tier[0].window = 8;
	atomic_set(&tier[0].hits, 8);
	disk_error[4] = -EIO;
	error_times[4] = 100;
	expect_eq(fetch(2, 3), 0);
	expect_eq(reads, 2);
	expect(!marked[PP_MARK_BAD][2] && !marked[PP_MARK_BAD][4]);
	expect_eq(fetch(4, 5), -EIO);
	expect(marked[PP_MARK_BAD][4]);
	/* Bytes that are wrong behind the one that is wanted are found when they are. */
	disk[7][0] ^= 1;
	expect_eq(fetch(6, 7), 0);
	expect_eq(fetch(7, 8), -EIO);
	end();
}

TEST(errors_that_pass)
{
	begin();
	disk_error[1] = -EIO;
	error_times[1] = READ_TRIES - 1;
	expect_eq(fetch(1, 2), 0);
	expect(!marked[PP_MARK_BAD][1]);
	/* Whoever is killed leaves no word about the block. */
	disk_error[2] = -EINTR;
	error_times[2] = 1;
	expect_eq(fetch(2, 3), -EINTR);
	expect(!marked[PP_MARK_BAD][2]);
	expect_eq(fetch(2, 3), 0);
	end();
}

TEST(who_does_not_wait_long)
{
	begin();
	device_takes = 100;
	patience = 100;
	expect_eq(fetch(5, 6), -ETIMEDOUT);
	expect(reads == 1 && !complaints);
	/* It is read when it can be. */
	patience = 101;
	expect_eq(fetch(5, 6), 0);
	/* What was read is there without waiting; another block is not, nor is it asked for. */
	reads = patience = 0;
	expect_eq(fetch(5, 6), 0);
	expect_eq(fetch(2, 3), -ETIMEDOUT);
	expect(!reads);
	patience = MAX_SCHEDULE_TIMEOUT;
	device_takes = 0;
	end();
}

TEST(reads_grow_where_they_go_on)
{
	unsigned int i, most = 0;
	struct page *page;

	begin();
	for (i = 0; i < BLOCKS; i++) {
		expect_eq(pp_fetch_block(&tier[0], &slots, i, MAX_SCHEDULE_TIMEOUT, &page), 0);
		expect_eq(*(u8 *)page_address(page), i + 1);
		put_page(page);
		most = max(most, last_nr);
	}
	expect(reads <= BLOCKS / 6 && most == 32);
	/* Not into blocks that are free. */
	pp_cache_drop(NULL, 10);
	pp_blocks_put(&dev[0].blocks, 11);
	tier[0].streams[0] = (struct pp_ahead){ .next = 10, .window = 16 };
	expect_eq(pp_fetch_block(&tier[0], &slots, 10, MAX_SCHEDULE_TIMEOUT, &page), 0);
	expect_eq(last_nr, 1);
	put_page(page);
	end();
}

/* Fetches without a look at the bytes. Return: how many blocks were read for it. */
static unsigned int blocks_read_at(unsigned int block)
{
	unsigned int before = reads;
	struct page *page;

	expect_eq(pp_fetch_block(&tier[0], &slots, block, MAX_SCHEDULE_TIMEOUT, &page), 0);
	put_page(page);
	return reads == before ? 0 : last_nr;
}

TEST(reads_begin_wider_where_others_went_on)
{
	unsigned int i;

	begin();
	expect_eq(blocks_read_at(0), 1);
	expect_eq(blocks_read_at(1), 2);
	/* One that went on counts once, however far. */
	for (i = 2; i < 8; i++)
		blocks_read_at(i);
	expect_eq(blocks_read_at(BLOCKS - 40), 2);
	/* Nor did anybody go on, or use what was read ahead. */
	expect_eq(blocks_read_at(60), 1);
	end();
	begin();
	/* Where nobody goes on, it stays a block. */
	for (i = 0; i < 4; i++)
		expect_eq(blocks_read_at(i * 40), 1);
	end();
}

TEST(encrypted_blocks)
{
	begin();
	tier[0].encrypts = true;
	expect_eq(fetch(3, 4 ^ 0x5a), 0);
	/* The cache has them as they are on the device. */
	expect_eq(*(u8 *)page_address(cached[3]), 4);
	decrypt_error = -EBADMSG;
	expect_eq(fetch(3, 0), -EIO);
	decrypt_error = -ENOMEM;
	expect_eq(fetch(3, 0), -ENOMEM);
	expect_eq(references(3), 1);
	end();
}

/* Is what slot 3 has on the device what @bytes are, of which @from tells? */
static int equal(const struct pp_slot *from, const void *bytes, unsigned int more)
{
	struct pp_slot to;
	int ret = pp_fetch_equal(&tier[0], &slots, 3, from, bytes, 1, &to);

	/* With a reference to the block if so, and none else. */
	expect_eq(references(3), 1 + more);
	expect(pp_blocks_take(&dev[0].blocks, 1, (u64[]){ 0 }) == 1);
	return ret;
}

TEST(equal_only_when_the_bytes_are)
{
	struct pp_slot from = { .len = PAGE_SIZE, .codec = PP_CODEC_RAW, .print = 5 };
	u8 bytes[PAGE_SIZE];

	memset(bytes, 4, sizeof(bytes));
	begin();
	expect_eq(equal(&from, bytes, 1), 1);
	end();
	/* The print, the length and the codec are equal, and one bit is not. */
	begin();
	bytes[PAGE_SIZE - 1] ^= 0x80;
	expect_eq(equal(&from, bytes, 0), 0);
	bytes[PAGE_SIZE - 1] ^= 0x80;
	end();
	begin();
	from.codec++;
	expect_eq(equal(&from, bytes, 0), 0);
	expect_eq(reads, 0);
	from.codec--;
	end();
	begin();
	from.len = 8;
	expect_eq(equal(&from, bytes, 0), 0);
	expect_eq(reads, 0);
	from.len = PAGE_SIZE;
	end();
}

TEST(not_looked_at_is_not_equal)
{
	struct pp_slot from = { .len = PAGE_SIZE, .codec = PP_CODEC_RAW, .print = 5 };
	u8 bytes[PAGE_SIZE];

	memset(bytes, 4, sizeof(bytes));
	/* Read once, and not again. */
	begin();
	disk[3][0] ^= 1;
	expect(equal(&from, bytes, 0) < 0);
	expect_eq(reads, 1);
	end();
	begin();
	tier[0].encrypts = true;
	memset(bytes, 4 ^ 0x5a, sizeof(bytes));
	decrypt_error = -EBADMSG;
	expect(equal(&from, bytes, 0) < 0);
	end();
	/* It came back to memory, or is on the other device. */
	memset(bytes, 4, sizeof(bytes));
	begin();
	slot[3].far = false;
	expect_eq(equal(&from, bytes, 0), 0);
	end();
	begin();
	pp_place_set(&slot[3], &tier[1], 3, 0);
	expect_eq(equal(&from, bytes, 0), 0);
	expect_eq(reads, 0);
	end();
}

static bool one_fetch(void)
{
	struct page *page = alloc_page(0);
	bool good = page && !pp_tiers_read(&tiers, &slots, 3, page, MAX_SCHEDULE_TIMEOUT);

	if (good)
		expect_eq(*(u8 *)page_address(page), 4 ^ 0x5a);
	if (page)
		put_page(page);
	pp_cache_drop(NULL, 3);
	return good;
}

TEST(failing_allocations)
{
	begin();
	tier[0].encrypts = true;
	sweep(one_fetch);
	expect_eq(references(3), 1);
	end();
}
