package kernel

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// PossibleCPUs is the number of possible CPUs of the running kernel.
func PossibleCPUs() int {
	text, err := os.ReadFile("/sys/devices/system/cpu/possible")
	if err != nil {
		return runtime.NumCPU()
	}
	_, tail, found := strings.Cut(strings.TrimSpace(string(text)), "-")
	if !found {
		return 1
	}
	var last int
	if _, err := fmt.Sscan(tail, &last); err != nil {
		return runtime.NumCPU()
	}
	return last + 1
}

// usableCPUs are the CPUs that the calling thread may run on: fewer than possible ones, where some are offline.
func usableCPUs() ([]int, error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return nil, fmt.Errorf("ask for usable CPUs: %w", err)
	}
	var cpus []int
	for cpu := range PossibleCPUs() {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}

// UnprivilegedAllowed reports whether the kernel lets callers without CAP_BPF make some maps, which bpfsim does not.
func UnprivilegedAllowed() bool {
	text, err := os.ReadFile("/proc/sys/kernel/unprivileged_bpf_disabled")
	return err == nil && strings.TrimSpace(string(text)) == "0"
}

// pin moves the thread to a CPU.
func (k *Linux) pin(cpu int) error {
	if cpu == k.cpu {
		return nil
	}
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return fmt.Errorf("move to CPU %d: %w", cpu, err)
	}
	k.cpu = cpu
	return nil
}

// Capability numbers of linux/capability.h.
const (
	capSysAdmin = 21
	capPerfmon  = 38
	capBPF      = 39
)

// setCapabilities sets the thread's effective capabilities; the permitted ones stay, so that it can go back.
func setCapabilities(bpf, sysAdmin bool) error {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return fmt.Errorf("read capabilities: %w", err)
	}
	set := func(n int, on bool) {
		data[n/32].Effective &^= 1 << (n % 32)
		if on {
			data[n/32].Effective |= data[n/32].Permitted & (1 << (n % 32))
		}
	}
	set(capBPF, bpf)
	set(capSysAdmin, sysAdmin)
	set(unix.CAP_NET_ADMIN, sysAdmin) // which it stands for
	set(capPerfmon, sysAdmin)
	if err := unix.Capset(&header, &data[0]); err != nil {
		return fmt.Errorf("set capabilities: %w", err)
	}
	return nil
}
