package bpftest

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"strconv"

	"github.com/bpfsim/bpfsim/syscall"
)

// stackOf are the program counters of who calls: the callers' return addresses, the innermost first. It is nil for other programs than the
// tests, and where the stack cannot be read.
func (r *recorder) stackOf(p *bpfsys.Process) []uintptr {
	thread, other := otherThread(p)
	if !other { // on the goroutine that calls
		pcs := make([]uintptr, deepest)
		return pcs[:runtime.Callers(1, pcs)]
	}
	if _, err := os.Stat(fmt.Sprintf("/proc/%d/task/%d", r.tests, thread)); err != nil {
		return nil
	}
	return r.unwind(&bpfsys.ProcessMemory{Thread: thread}, stackPointer(thread))
}

// otherThread is the thread of another process that calls; other is false where this one does.
func otherThread(p *bpfsys.Process) (thread int, other bool) {
	memory, other := p.Mem.(*bpfsys.ProcessMemory)
	if !other {
		return 0, false
	}
	return memory.Thread, true
}

// stackPointer is that of a thread that waits in a system call, 0 where it cannot be told.
func stackPointer(thread int) uint64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/syscall", thread))
	words := bytes.Fields(text)
	if err != nil || len(words) < 3 {
		return 0
	}
	sp, _ := strconv.ParseUint(string(words[len(words)-2]), 0, 64)
	return sp
}

// unwind follows the frame pointers of a Go stack that it copies. The register that points to the innermost frame is not to be had: so it
// looks upwards from the stack pointer for a word that can be one, which is where a chain of frames begins.
func (r *recorder) unwind(memory *bpfsys.ProcessMemory, sp uint64) []uintptr {
	const most, word = 64 << 10, 8
	if sp == 0 || sp%word != 0 {
		return nil
	}
	stack := make([]byte, most)
	stack = stack[:memory.Read(stack, sp)]
	at := func(addr uint64) (v uint64, ok bool) {
		if addr < sp || addr+word > sp+uint64(len(stack)) {
			return 0, false
		}
		return binary.LittleEndian.Uint64(stack[addr-sp:]), true
	}
	const enough = 3 // frames in a row are no chance
	for from := sp; from < sp+most/16; from += word {
		if pcs := r.follow(at, from); len(pcs) >= enough {
			return pcs
		}
	}
	return nil
}

// follow are the return addresses of a chain of frames: each begins with the address of the next, and the return address behind it.
func (r *recorder) follow(at func(uint64) (uint64, bool), frame uint64) (pcs []uintptr) {
	for len(pcs) < deepest {
		next, ok := at(frame)
		ret, ok2 := at(frame + 8)
		if !ok || !ok2 || !r.isCode(ret) {
			return pcs
		}
		pcs = append(pcs, uintptr(ret))
		if next <= frame || next%8 != 0 {
			return pcs
		}
		frame = next
	}
	return pcs
}

// isCode tells whether an address lies in a function of this program, which is the one that runs the tests.
func (r *recorder) isCode(addr uint64) bool { return runtime.FuncForPC(uintptr(addr-r.shift)) != nil }
