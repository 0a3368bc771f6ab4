# SPDX-License-Identifier: GPL-2.0-only
# pagepact: see README.md. `make help` lists the targets.

KDIR ?= /lib/modules/$(shell uname -r)/build
VERSION := $(shell sed -n 's/^Version: //p' METADATA)
KREL = $(shell $(MAKE) -s --no-print-directory -C $(KDIR) kernelrelease 2>/dev/null)
O ?= build

all: modules tools

# The sources are linked into build/<kernel release>/host, so that several kernels can be built
# for from one clean tree.
modules:
	@test -e $(KDIR)/Makefile || { echo "no kernel headers in $(KDIR): install linux-headers-$$(uname -r), or set KDIR=" >&2; exit 1; }
	$(MAKE) --no-print-directory module-for KREL=$(KREL)

module-for:
	@mkdir -p $(O)/$(KREL)
	cp -rup host $(O)/$(KREL)/
	host/compat/probe.sh $(KDIR) $(O)/$(KREL)/host/compat/probed.h
	$(MAKE) -C $(KDIR) M=$(abspath $(O)/$(KREL)/host) PAGEPACT_VERSION=$(VERSION) W=$(W) modules
	cp $(O)/$(KREL)/host/pagepact.ko $(O)/$(KREL)/pagepact.ko
