// SPDX-License-Identifier: GPL-2.0-only
/* Operations on pages: faults, reads and writes, pins, eviction. */
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include "sweep.h"

#define FRAMES "resident standby stored compressed metadata slots slots_saved"
static const int no_memory_or_fault[] = { ENOMEM, EFAULT, 0 };
static const int lock_errors[] = { ENOMEM, EAGAIN, 0 };
static const int direct_errors[] = { ENOMEM, EFAULT, EIO, EAGAIN, 0 };
static const int reclaim_errors[] = { ENOMEM, EFAULT, EAGAIN, 0 };
static uint8_t bounce[2 * PAGE] __attribute__((aligned(4096)));
static int pipes[2] = { -1, -1 }, disk = -1, target = -1;

/* --- faults, with an errno (MADV_POPULATE) and without (touches) ------------- */

int populate(size_t first, size_t nr, int advice)
{
	return result(madvise(map + first * PAGE, nr * PAGE, advice));
}

static int read_hole(void) { return populate(HOLES, 1, MADV_POPULATE_READ); }
static int write_hole(void) { return populate(HOLES, 1, MADV_POPULATE_WRITE); }
static int read_text(void) { return populate(TEXT, 1, MADV_POPULATE_READ); }
static int read_random(void) { return populate(RANDOM, 1, MADV_POPULATE_READ); }
static int read_same(void) { return populate(SAME, 1, MADV_POPULATE_READ); }
static int write_text(void) { return populate(TEXT, 1, MADV_POPULATE_WRITE); }
static int read_all(void) { return populate(0, PAGES, MADV_POPULATE_READ); }
static int write_all(void) { return populate(0, PAGES, MADV_POPULATE_WRITE); }

/* Nobody's page tables have anything of the region; page tables themselves may stay. */
static void unmapped(void)
{
	standing();
	munmap(map, PAGES * PAGE);
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
}

static void hole_was_read(void)
{
	unmapped();
	if (read_hole())
		die("reading a hole");
}

/* As one more page of the region's first block: no block, no page tables, no zero frame. */
static void fresh(void)
{
	mounted();
	take_away();
	unmapped();
	memset(want, 0, sizeof(want));
	/* The block of a region that was written to stays; so this one never was. */
	munmap(map, PAGES * PAGE);
	close(fd);
	unlink(REGION);
	fd = open(REGION, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, PAGES * PAGE))
		die("a fresh region");
	map = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die("mmap");
}

static void stored_zstd(void)
{
	mounted();
	write_value(VALUES, "compressor", "zstd");
	stored();
	write_value(VALUES, "compressor", "lz4");
}

/* An ordinary touch: its failure has no errno, the kernel runs the fault again. */
static sigjmp_buf back;

static void on_signal(int sig)
{
	siglongjmp(back, sig);
}

int touch(size_t page, bool write)
{
	volatile uint8_t *p = map + page * PAGE;
	bool right = true;

	if (sigsetjmp(back, 1)) {
		errno = EFAULT;
		return errno;
	}
	signal(SIGBUS, on_signal);
	signal(SIGSEGV, on_signal);
	if (write)
		*p = 77;
	else
		right = *p == want[page * PAGE];
	return right ? 0 : EILSEQ;
}

static const int never[1];
static int touch_hole(void) { return touch(HOLES, false); }
static int touch_text(void) { return touch(TEXT, false); }
static int store_hole(void) { return touch(HOLES, true); }
static int store_text(void) { return touch(TEXT, true); }
static void hole_stored(void) { want[HOLES * PAGE] = 77; }
static void text_stored(void) { want[TEXT * PAGE] = 77; }

/* --- faults with a limit in the way ------------------------------------------- */

static void no_room(void)
{
	unmapped();
	write_value(VALUES, "limit", "%lu", HOLES * PAGE);
}

static void no_room_in_region(void)
{
	unmapped();
	write_value(region_values(), "limit", "%lu", HOLES * PAGE);
}

static void room(void)
{
	write_value(VALUES, "limit", "0");
	write_value(region_values(), "limit", "0");
}

/* --- read and write ----------------------------------------------------------- */

int get(size_t page)
{
	ssize_t n = pread(fd, bounce, PAGE, page * PAGE);

	if (n < 0)
		return errno;
	return n != (ssize_t)PAGE || memcmp(bounce, want + page * PAGE, PAGE) ? EILSEQ : 0;
}

static int put(size_t page)
{
	ssize_t n;

	compose((uint64_t *)bounce, "text", 2, page);
	n = pwrite(fd, bounce, PAGE, page * PAGE);

	return n < 0 ? errno : n != (ssize_t)PAGE ? EILSEQ : 0;
}

static void was_put(size_t page) { memcpy(want + page * PAGE, bounce, PAGE); }

static int get_hole(void) { return get(HOLES); }
static int get_text(void) { return get(TEXT); }
static int get_random(void) { return get(RANDOM); }
static int put_hole(void) { return put(HOLES); }
static int put_text(void) { return put(TEXT); }
static void put_in_hole(void) { was_put(HOLES); }
static void put_in_text(void) { was_put(TEXT); }

/* --- splice, direct I/O, other processes --------------------------------------- */

/*
 * At the file's own position: an offset is copied back to user memory after the bytes went where
 * they should, and when that fails the kernel reports an error for what was done.
 */
static void with_pipe(void)
{
	stored();
	if (lseek(fd, TEXT * PAGE, SEEK_SET) != (off_t)(TEXT * PAGE))
		die("lseek");
	close(pipes[0]);
	close(pipes[1]);
	if (pipe(pipes))
		die("pipe");
}

static int splice_out(void)
{
	ssize_t n = splice(fd, NULL, pipes[1], NULL, PAGE, 0);

	return n < 0 ? errno : n != (ssize_t)PAGE ? EILSEQ : 0;
}

static bool pipe_right(void)
{
	return read(pipes[0], bounce, PAGE) == (ssize_t)PAGE &&
	       !memcmp(bounce, want + TEXT * PAGE, PAGE);
}

/* A page of text waits in the pipe for the hole that it is to fill. */
static void with_full_pipe(void)
{
	with_pipe();
	if (lseek(fd, HOLES * PAGE, SEEK_SET) != (off_t)(HOLES * PAGE))
		die("lseek");
	if (write(pipes[1], want + TEXT * PAGE, PAGE) != (ssize_t)PAGE)
		die("filling the pipe");
}

static int splice_in(void)
{
	ssize_t n = splice(pipes[0], NULL, fd, NULL, PAGE, 0);

	return n < 0 ? errno : n != (ssize_t)PAGE ? EILSEQ : 0;
}

static void spliced_in(void) { memcpy(want + HOLES * PAGE, want + TEXT * PAGE, PAGE); }

static void with_target(void)
{
	stored();
	if (target < 0)
		target = open("/dev/null", O_WRONLY);
	if (target < 0)
		die("/dev/null");
}

static int send_file(void)
{
	off_t at = 0;
	ssize_t n = sendfile(target, fd, &at, 4 * PAGE);

	return n < 0 ? errno : 0;
}

static void with_disk(void)
{
	stored();
	if (disk < 0)
		disk = open("/run/payload", O_RDONLY | O_DIRECT);
	if (disk < 0 || pread(disk, bounce, PAGE, 0) != (ssize_t)PAGE)
		die("a disk for direct I/O");
}

static int direct_read(void)
{
	ssize_t n = pread(disk, map + TEXT * PAGE, PAGE, 0);

	return n < 0 ? errno : n != (ssize_t)PAGE ? EILSEQ : 0;
}

static int by_process(void)
{
	struct iovec to = { bounce, PAGE }, from = { map + TEXT * PAGE, PAGE };
	ssize_t n = process_vm_readv(getpid(), &to, 1, &from, 1, 0);

	return n < 0 ? errno : n != (ssize_t)PAGE ? EILSEQ : 0;
}

static bool text_read(void) { return !memcmp(bounce, want + TEXT * PAGE, PAGE); }

/* --- mlock, advice, eviction ---------------------------------------------------- */

static int lock(void) { return result(mlock(map, 4 * PAGE)); }

static void with_unlocked(void)
{
	munlock(map, 4 * PAGE);
	stored();
}

static void unlock(void) { munlock(map, 4 * PAGE); }
static int forget(void) { return result(madvise(map, PAGES * PAGE, MADV_DONTNEED)); }

static char reclaim_path[128];

static int reclaim_to(const char *path)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%lu", HOLES * PAGE);
	int file = open(path, O_WRONLY), err;

	if (file < 0)
		return errno;
	err = result(write(file, text, len));
	close(file);
	return err;
}

static void before_reclaim(void)
{
	standing();
	snprintf(reclaim_path, sizeof(reclaim_path), "%s/reclaim", region_values());
}

/* The first slots of a domain: neither chunk nor zsmalloc page is there. */
static void before_first_reclaim(void)
{
	mounted();
	take_away();
	before_reclaim();
}

static int reclaim_region(void) { return reclaim_to(reclaim_path); }
static int reclaim_pool(void) { return reclaim_to(VALUES "/reclaim"); }
static bool all_stored(void)
{
	return !number_of(VALUES, "standby") && number_of(VALUES, "stored") > 0;
}

/* What a cgroup asks for is met and not credited (see Limits in README): EAGAIN is success. */
static int reclaim_cgroup(void)
{
	int err = reclaim_to(getenv("SWEEP_RECLAIM"));

	return err == EAGAIN ? 0 : err;
}

static int drop_caches(void)
{
	int file = open("/proc/sys/vm/drop_caches", O_WRONLY), err;

	if (file < 0)
		return errno;
	err = result(write(file, "2", 1));
	close(file);
	return err;
}

static void random_policy(void)
{
	before_first_reclaim();
	write_value(VALUES, "policy", "random");
}

static void clock_policy(void) { write_value(VALUES, "policy", "clock"); }

#define BLOCK "metadata"
#define BLOCK_WHY "; the block's record stays"
#define FRAME_WHY "; a page may have moved"
const struct op page_ops[] = {
	{ "read fault, first of a region", PERSISTENT, .prepare = fresh, .run = read_hole,
	  .drift = BLOCK, .why = BLOCK_WHY },
	{ "write fault, first of a region", PERSISTENT, .prepare = fresh, .run = write_hole,
	  .drift = BLOCK, .why = BLOCK_WHY },
	{ "write fault on a hole that was read", PERSISTENT, .prepare = hole_was_read,
	  .run = write_hole, .drift = FRAMES, .why = "; others were evicted for it" },
	{ "write fault on a hole", PERSISTENT, .prepare = unmapped, .run = write_hole,
	  .drift = FRAMES, .why = FRAME_WHY },
	{ "read fault, lz4", PERSISTENT, .prepare = stored, .run = read_text },
	{ "read fault, zstd", PERSISTENT, .prepare = stored_zstd, .run = read_text },
	{ "read fault, incompressible", PERSISTENT, .prepare = stored, .run = read_random },
	{ "read fault, one repeated word", PERSISTENT, .prepare = stored, .run = read_same },
	{ "write fault, lz4", PERSISTENT, .prepare = stored, .run = write_text },
	{ "write fault on a kept copy", NEEDS_NOTHING, .prepare = copied, .run = write_text },
	{ "read fault on a frame", NEEDS_NOTHING, .prepare = unmapped, .run = read_text },
	{ "reading all by MADV_POPULATE_READ", PERSISTENT, .prepare = stored, .run = read_all,
	  .drift = FRAMES, .why = FRAME_WHY },
	{ "writing all by MADV_POPULATE_WRITE", PERSISTENT, .prepare = stored, .run = write_all,
	  .drift = FRAMES, .why = FRAME_WHY },
	{ "touch of a hole, first of a region", 0, .prepare = fresh, .run = touch_hole,
	  .errors = never },
	{ "store to a hole, first of a region", 0, .prepare = fresh, .run = store_hole,
	  .expect = hole_stored, .errors = never },
	{ "touch of a stored page", 0, .prepare = stored, .run = touch_text, .errors = never },
	{ "store to a stored page", 0, .prepare = stored, .run = store_text,
	  .expect = text_stored, .errors = never },
	{ "store to a kept copy", NEEDS_NOTHING, .prepare = copied, .run = store_text,
	  .expect = text_stored, .errors = never },
	{ "write fault at the pool's limit", PERSISTENT, .prepare = no_room, .run = write_hole,
	  .undo = room, .drift = FRAMES, .why = "; others were evicted for it" },
	{ "write fault at the region's limit", PERSISTENT, .prepare = no_room_in_region,
	  .run = write_hole, .undo = room, .drift = FRAMES,
	  .why = "; others were evicted for it" },
	{ "read of a hole", PERSISTENT | KEEPS, .run = get_hole, .errors = no_memory_or_fault },
	{ "read of a frame", PERSISTENT | KEEPS, .run = get_text, .errors = no_memory_or_fault },
	{ "read of a stored page", PERSISTENT | KEEPS, .prepare = stored, .run = get_text,
	  .errors = no_memory_or_fault },
	{ "read of a stored raw page", PERSISTENT | KEEPS, .prepare = stored, .run = get_random,
	  .errors = no_memory_or_fault },
	{ "write to a hole", PERSISTENT, .run = put_hole, .expect = put_in_hole,
	  .errors = no_memory_or_fault, .drift = FRAMES, .why = "; a frame of zeros stays" },
	{ "write, first of a region", PERSISTENT, .prepare = fresh, .run = put_hole,
	  .expect = put_in_hole, .errors = no_memory_or_fault, .drift = FRAMES,
	  .why = "; a frame of zeros stays" },
	{ "write to a frame", 0, .run = put_text, .expect = put_in_text,
	  .errors = no_memory_or_fault },
	{ "write to a stored page", PERSISTENT, .prepare = stored, .run = put_text,
	  .expect = put_in_text, .errors = no_memory_or_fault, .drift = FRAMES,
	  .why = FRAME_WHY },
	{ "splice to a pipe", PERSISTENT, .prepare = with_pipe, .run = splice_out,
	  .good = pipe_right, .errors = no_memory_or_fault },
	{ "splice from a pipe", PERSISTENT, .prepare = with_full_pipe, .run = splice_in,
	  .expect = spliced_in, .errors = no_memory_or_fault },
	{ "sendfile", PERSISTENT, .prepare = with_target, .run = send_file,
	  .errors = no_memory_or_fault },
	{ "direct read of a disk into a stored page", 0, .prepare = with_disk, .run = direct_read,
	  .expect = put_in_text, .errors = direct_errors, .drift = FRAMES, .why = FRAME_WHY },
	{ "process_vm_readv of a stored page", 0, .prepare = stored, .run = by_process,
	  .good = text_read, .errors = no_memory_or_fault, .drift = FRAMES, .why = FRAME_WHY },
	{ "mlock", 0, .prepare = with_unlocked, .run = lock, .undo = unlock,
	  .errors = lock_errors, .drift = FRAMES, .why = FRAME_WHY },
	{ "MADV_DONTNEED", NEEDS_NOTHING, .prepare = copied, .run = forget },
	{ "reclaim of a region, its first", PERSISTENT, .prepare = before_first_reclaim,
	  .run = reclaim_region, .good = all_stored, .errors = reclaim_errors,
	  .drift = FRAMES, .why = FRAME_WHY },
	{ "reclaim of a region", PERSISTENT, .prepare = before_reclaim, .run = reclaim_region,
	  .good = all_stored, .errors = reclaim_errors, .drift = FRAMES, .why = FRAME_WHY },
	{ "reclaim of a pool", 0, .prepare = before_first_reclaim, .run = reclaim_pool,
	  .good = all_stored, .errors = reclaim_errors, .drift = FRAMES, .why = FRAME_WHY },
	{ "reclaim by policy random", 0, .prepare = random_policy, .run = reclaim_region,
	  .undo = clock_policy, .errors = reclaim_errors, .drift = FRAMES, .why = FRAME_WHY },
	{ "memory.reclaim", 0, .prepare = before_first_reclaim, .run = reclaim_cgroup,
	  .errors = reclaim_errors, .drift = FRAMES, .why = FRAME_WHY },
	{ "drop_caches", 0, .prepare = before_first_reclaim, .run = drop_caches,
	  .errors = no_memory_or_fault, .drift = FRAMES, .why = FRAME_WHY },
	{}
};
