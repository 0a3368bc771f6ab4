# SPDX-License-Identifier: GPL-2.0-only
# pagepact: see README.md. "make help" lists the targets.

KDIR ?= /lib/modules/$(shell uname -r)/build
BUILD ?= build
VERSION := $(shell sed -n 's/^Version: //p' METADATA)
LINUX_MIN := $(shell sed -n 's/^Linux-Minimum: //p' METADATA)
LINUX_MAX := $(shell sed -n 's/^Linux-Maximum: //p' METADATA)

all: modules tools

help:
	@echo "make [KDIR=DIR]         modules and tool, for the running kernel or the one in DIR"
	@echo "make install            installs both (DESTDIR=, PREFIX=/usr)"
	@echo "make demo [KEEP=1] [HUGE=off]  three guests at twice the memory, on a virtual host"
	@echo "make check [T=NAMES] [K=6.12|7.2|debug|machine]  all tests, or those named"
	@echo "make check-all          the same, and each test on both kernels"
	@echo "make check-debug [T=NAMES]  those of the kernel with KASAN, lockdep and kmemleak"
	@echo "make bench [B=NAMES] [K=6.12|7.2]  benchmarks, ours beside the stock mechanism"
	@echo "make soak [MIN=30] [K=6.12|7.2]   random operations on memory with new seeds, for MIN minutes"
	@echo "make shell [K=6.12|7.2] a prompt on the virtual host"
	@echo "make unit               unit tests and fuzzers of what needs no kernel, in user space"
	@echo "make fuzz [MIN=5]       each fuzzer for so many minutes"
	@echo "make style              checkpatch, sparse, kernel-doc, cppcheck, shellcheck, codespell"
	@echo "make clean              removes build/"
	@echo "Linux $(LINUX_MIN) to $(LINUX_MAX); all below \"make install\" need root and install what they need"

modules:
	@test -e $(KDIR)/Makefile || { \
		echo "no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or set KDIR=" >&2; \
		exit 1; }
	@$(MAKE) --no-print-directory module-in \
		KREL=$$($(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease)

# The sources are copied to build/RELEASE/host, so that one clean tree serves several kernels.
module-in:
	@scripts/kernel-range $(KREL) $(LINUX_MIN) $(LINUX_MAX)
	@mkdir -p $(BUILD)/$(KREL)
	cp -rup host uapi $(BUILD)/$(KREL)/
	host/compat/probe.sh $(KDIR) $(BUILD)/$(KREL)/host/compat/probed.h
	$(MAKE) -C $(KDIR) M=$(abspath $(BUILD)/$(KREL)/host) PAGEPACT_VERSION=$(VERSION) \
		$(if $(C),C=$(C)) $(if $(W),W=$(W)) modules
	cp $(BUILD)/$(KREL)/host/pagepact.ko $(BUILD)/$(KREL)/pagepact.ko

tools:
	$(MAKE) --no-print-directory -C tools O=$(abspath $(BUILD))/tools

install: all
	$(MAKE) -C $(KDIR) M=$(abspath $(BUILD))/$$($(MAKE) -s --no-print-directory -C $(KDIR) \
		kernelrelease)/host $(if $(DESTDIR),INSTALL_MOD_PATH=$(DESTDIR)) modules_install
	$(MAKE) --no-print-directory -C tools O=$(abspath $(BUILD))/tools install
	install -D -m 644 uapi/pagepact.h $(DESTDIR)$(or $(PREFIX),/usr)/include/pagepact.h

# What follows runs on the virtual host of selftests/.
ready:
	selftests/vhost setup
	selftests/vhost build

ready-debug:
	selftests/vhost setup debug
	selftests/vhost build 6.12 7.2 debug

demo: ready
	KEEP=$(KEEP) HUGE=$(HUGE) selftests/demo/demo

check: $(if $(filter 6.12 7.2,$(K)),ready,ready-debug)
	selftests/run -k $(or $(K),all) $(T)

check-all: ready-debug
	selftests/run -a

check-debug: ready-debug
	selftests/run -k debug $(T)

bench: ready
	selftests/bench/run -k $(or $(K),all) $(B)

soak: ready
	MIN=$(or $(MIN),30) K=$(or $(K),6.12) selftests/soak/soak

shell: ready
	selftests/vhost shell -k $(or $(K),6.12)

# With the compilers of the root tree, but without booting it.
unit:
	selftests/vhost setup
	selftests/vhost chroot $(MAKE) -s -j$(shell nproc) --no-print-directory -C selftests/unit check

fuzz:
	selftests/vhost setup
	selftests/vhost chroot $(MAKE) -s -j$(shell nproc) --no-print-directory -C selftests/unit fuzz \
		MIN=$(or $(MIN),5)

style:
	selftests/vhost setup
	scripts/style

clean:
	rm -rf $(BUILD)

.PHONY: all help modules module-in tools install ready ready-debug demo check check-all check-debug bench soak shell unit fuzz style clean
