// Package vm runs one static Go command on a Linux kernel of the caller's choice, in qemu, without root.
//
// The command is /init of an initramfs that holds nothing else: no shell, no modules, no disk. What it needs of the
// kernel image must be built in, as it is in Debian's (serial console, initramfs, bpf(2)). It is no sandbox: nothing
// here defends against the guest.
package vm
