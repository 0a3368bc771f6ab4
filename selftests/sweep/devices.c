// SPDX-License-Identifier: GPL-2.0-only
/* Operations with a device below compressed RAM, a disk that the test names. */
#include <sys/mman.h>
#include <sys/stat.h>
#include "sweep.h"

#define DEVICE VALUES "/tiers/0"
/* Those of the region's pages that have bytes of their own: text, and what does not compress. */
#define FAR (HOLES / 2)
/* So small that nothing stays in memory. */
#define LEAST_STORE 4096

#define GAUGES "resident standby stored compressed metadata slots slots_saved"
#define WHY "; a page may have moved"

static const int no_memory_or_fault[] = { ENOMEM, EFAULT, 0 };
static const int or_io[] = { ENOMEM, EFAULT, EIO, 0 };
static const int never[1];
static int disk = -1;

static bool device_is_there(void) { return !access(DEVICE, F_OK); }
static bool device_is_gone(void) { return !device_is_there(); }

static int add_device(void)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", disk);
	return set_text(VALUES, "tiers/add", text);
}

static int remove_device(void) { return set_text(VALUES, "tiers/remove", "0"); }

static void end_device(void)
{
	if (device_is_there() && remove_device())
		die("removing the device");
}

static void without_device(void)
{
	if (disk < 0)
		disk = open(getenv("SWEEP_DISK"), O_RDWR);
	if (disk < 0)
		die("%s", getenv("SWEEP_DISK"));
	mounted();
	write_value(VALUES, "store_limit", "0");
	end_device();
	standing();
}

static void with_device(void)
{
	without_device();
	if (add_device())
		die("adding a device");
}

static void settled(void)
{
	unsigned int i;

	for (i = 0; i < 500 && number_of(DEVICE, "pages") != FAR; i++)
		usleep(10000);
	if (number_of(DEVICE, "pages") != FAR)
		die("%lld pages on the device", number_of(DEVICE, "pages"));
}

/* The device is taken into use when there is too much in memory already. */
static void far(void)
{
	without_device();
	write_value(VALUES, "keep_copies", "0");
	stored();
	write_value(VALUES, "store_limit", "%d", LEAST_STORE);
	if (add_device())
		die("adding a device");
	settled();
	write_value(VALUES, "store_limit", "0");
	write_value(VALUES, "keep_copies", "1");
}

static int populate_text(void) { return populate(TEXT, 1, MADV_POPULATE_READ); }
static int populate_all(void) { return populate(0, PAGES, MADV_POPULATE_WRITE); }
static int touch_text(void) { return touch(TEXT, false); }
static int store_random(void) { return touch(RANDOM, true); }
static void random_stored(void) { want[RANDOM * PAGE] = 77; }
static int get_text(void) { return get(TEXT); }
static int get_random(void) { return get(RANDOM); }

static int punch_inside(void)
{
	return result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 100, 100));
}

static void punched_inside(void) { memset(want + 100, 0, 100); }

static int punch_all(void)
{
	return result(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGES * PAGE));
}

static void punched_all(void) { memset(want, 0, sizeof(want)); }

const struct op device_ops[] = {
	{ "adding a device", DOES_IO, .prepare = without_device, .run = add_device,
	  .good = device_is_there, .undo = end_device, .errors = or_io },
	{ "removal of a device", 0, .prepare = with_device, .run = remove_device,
	  .good = device_is_gone, .errors = no_memory_or_fault },
	{ "removal of a device with pages", DOES_IO, .prepare = far, .run = remove_device,
	  .good = device_is_gone, .errors = no_memory_or_fault, .drift = GAUGES,
	  .why = "; a page may have moved, and a block that cannot be read is read again" },
	{ "read fault on a device", PERSISTENT | DOES_IO, .prepare = far, .run = populate_text,
	  .drift = GAUGES, .why = WHY },
	{ "touch of a page on a device", DOES_IO, .prepare = far, .run = touch_text,
	  .errors = never },
	{ "store to a page on a device", 0, .prepare = far, .run = store_random,
	  .expect = random_stored, .errors = never },
	{ "writing all by MADV_POPULATE_WRITE, from a device", PERSISTENT, .prepare = far,
	  .run = populate_all, .drift = GAUGES, .why = WHY },
	{ "read of a page on a device", PERSISTENT | KEEPS | DOES_IO, .prepare = far,
	  .run = get_text, .errors = no_memory_or_fault },
	{ "read of a raw page on a device", PERSISTENT | KEEPS, .prepare = far, .run = get_random,
	  .errors = no_memory_or_fault },
	{ "punch inside a page on a device", PERSISTENT, .prepare = far, .run = punch_inside,
	  .expect = punched_inside, .drift = GAUGES, .why = WHY },
	{ "punch of pages on a device", NEEDS_NOTHING, .prepare = far, .run = punch_all,
	  .expect = punched_all },
	{}
};
