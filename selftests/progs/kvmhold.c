// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeps two virtual machines that never run. KVM patches the kernel's text whenever the first
 * machine comes, the last one goes, or the number of virtual CPUs without an enabled local APIC
 * leaves or reaches zero, that is, at every start of a guest. Multi-threaded emulation now and then
 * runs into a breakpoint of such a patch that is gone already, and the virtual host dies of it.
 * With these two there, all of those keys stay switched on and nothing is patched while tests run.
 */
#include <err.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define APIC_BASE_ENABLE (1ull << 11)

static int machine(int kvm)
{
	int vm = ioctl(kvm, KVM_CREATE_VM, 0);

	if (vm < 0)
		err(1, "KVM_CREATE_VM");
	return vm;
}

static int processor(int vm)
{
	int vcpu = ioctl(vm, KVM_CREATE_VCPU, 0);

	if (vcpu < 0)
		err(1, "KVM_CREATE_VCPU");
	return vcpu;
}

int main(void)
{
	struct kvm_sregs sregs;
	int kvm, vm, vcpu;

	kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (kvm < 0)
		err(1, "/dev/kvm");
	/* A processor without a local APIC in the kernel. */
	processor(machine(kvm));
	/* One with, which neither hardware nor software enabled. */
	vm = machine(kvm);
	if (ioctl(vm, KVM_CREATE_IRQCHIP, 0) < 0)
		err(1, "KVM_CREATE_IRQCHIP");
	vcpu = processor(vm);
	if (ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0)
		err(1, "KVM_GET_SREGS");
	sregs.apic_base &= ~APIC_BASE_ENABLE;
	if (ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0)
		err(1, "KVM_SET_SREGS");
	if (daemon(0, 1) < 0)
		err(1, "daemon");
	for (;;)
		pause();
}
