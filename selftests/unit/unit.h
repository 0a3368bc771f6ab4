/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Unit tests. A program includes the sources that it tests, so that it reaches what is static in
 * them, and has a TEST() for each thing they promise; main() is here. Each test is one result.
 */
#ifndef UNIT_H
#define UNIT_H

#include <stdbool.h>
#include <stdio.h>

struct unit_test {
	const char *name;
	void (*run)(void);
	struct unit_test *next;
};

static struct unit_test *unit_tests, **unit_last = &unit_tests;
static bool unit_bad;

#define TEST(test)							\
	static void test(void);						\
	static struct unit_test unit_##test = { #test, test, NULL };	\
	__attribute__((constructor))					\
	static void unit_add_##test(void)				\
	{								\
		*unit_last = &unit_##test;				\
		unit_last = &unit_##test.next;				\
	}								\
	static void test(void)

/* The test goes on when it is false, and fails. */
#define expect(condition)						\
	do {								\
		if (!(condition)) {					\
			unit_bad = true;				\
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		}							\
	} while (0)

#define expect_eq(a, b)							\
	do {								\
		long long unit_a = (a), unit_b = (b);			\
		if (unit_a != unit_b) {					\
			unit_bad = true;				\
			printf("# %s:%d: %s is %lld, not %lld\n",	\
			       __FILE__, __LINE__, #a, unit_a, unit_b);	\
		}							\
	} while (0)

#ifdef SHIM_H
/*
 * Runs @attempt with the first allocation failing, then with the second, until none is left to
 * fail; and the same again with everything failing from there on. @attempt returns whether all
 * went well, and undoes what it did: nothing may stay allocated.
 */
__attribute__((unused))
static void sweep(bool (*attempt)(void))
{
	unsigned int all, n;
	long live = shim_live();

	for (all = 0; all < 2; all++) {
		n = 0;
		do {
			shim_fail(++n, all);
			if (!attempt())
				expect(shim_failed());
			expect_eq(shim_live(), live);
		} while (shim_failed() && n < 10000);
		/* At least one did fail, and the last attempt met no failure. */
		expect(n > 1 && n < 10000);
	}
	shim_fail(0, false);
}
#else
/* Sources of tools/ end the program when memory is out; the sanitizer tells of what leaks. */
#define shim_live()	0
#endif

int main(void)
{
	unsigned int n = 0, bad = 0;
	struct unit_test *test;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (test = unit_tests; test; test = test->next)
		n++;
	printf("KTAP version 1\n1..%u\n", n);
	for (n = 1, test = unit_tests; test; test = test->next, n++) {
		long live = shim_live();

		unit_bad = false;
		test->run();
		expect_eq(shim_live(), live);
		printf("%sok %u %s\n", unit_bad ? "not " : "", n, test->name);
		bad += unit_bad;
	}
	return !!bad;
}

#endif /* UNIT_H */
