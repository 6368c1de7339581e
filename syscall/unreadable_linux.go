package bpfsys

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// read copies from addr to p up to the first byte that the program itself could not read.
func (m *ProcessMemory) read(p []byte, addr uint64) int {
	done := m.transfer(p, addr, unix.ProcessVMReadv)
	for done < len(p) {
		n := m.readUnreadable(p[done:], addr+uint64(done))
		if n == 0 {
			return done
		}
		done += n
		done += m.transfer(p[done:], addr+uint64(done), unix.ProcessVMReadv)
	}
	return done
}

// readUnreadable reads the rest of a page that is mapped without PROT_READ. The processor reads most of these, and so does
// the kernel for the program, but process_vm_readv(2) asks for the permission. /proc/PID/mem does not (proc_pid_mem(5)), not
// even for PROT_NONE: whether the program could read the page is for us to say.
func (m *ProcessMemory) readUnreadable(p []byte, addr uint64) int {
	if int64(addr) < 0 { // no offset of a file: the kernel's half
		return 0
	}
	fd, err := unix.Open(fmt.Sprintf("/proc/%d/mem", m.Thread), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	rest := p[:min(len(p), int(pageSize-addr%pageSize))]
	n, err := unix.Pread(fd, rest, int64(addr))
	if err != nil || n < len(rest) || !readableInFact(m.permissions(addr)) {
		return 0
	}
	return n
}

// permissions are those of the mapping at addr as /proc/PID/maps shows them, "" where there is none.
func (m *ProcessMemory) permissions(addr uint64) string {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/maps", m.Thread))
	for line := range bytes.Lines(text) {
		var start, end uint64
		var permissions string
		_, err := fmt.Sscanf(string(line), "%x-%x %s", &start, &end, &permissions)
		if err == nil && start <= addr && addr < end {
			return permissions
		}
	}
	return ""
}

// readableInFact reports whether a processor reads pages with such permissions. None can write a page and not read it; to
// execute only is what arm64 can, and x86 with protection keys (pkeys(7)).
func readableInFact(permissions string) bool {
	return strings.ContainsAny(permissions, "rw") || strings.Contains(permissions, "x") && !executesOnly()
}

var executesOnly = sync.OnceValue(func() bool {
	if runtime.GOARCH != "amd64" {
		return true
	}
	text, _ := os.ReadFile("/proc/cpuinfo")
	return bytes.Contains(text, []byte(" ospke"))
})
