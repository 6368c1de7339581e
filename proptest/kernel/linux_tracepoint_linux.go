package kernel

import (
	"time"

	"golang.org/x/sys/unix"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Links at raw tracepoints on Linux give their program back behind a grace period, where bpfsim does at once.

// tracepoints are what a program has to do with them.
type tracepoints struct {
	kept []int // links, open as long as the kernel is: the first at a tracepoint, and the last, change the kernel's code
	made bool  // a link was made
	left bool  // one may be closed
}

// keep opens a link at each.
func (t *tracepoints) keep(k *Linux) {
	if t.kept != nil {
		return
	}
	for _, name := range program.Tracepoints {
		t.kept = append(t.kept, k.linkTracepoint(name))
	}
}

func (t *tracepoints) close() {
	for _, fd := range t.kept {
		unix.Close(fd)
	}
}

// linkTracepoint opens a link that alone holds a program.
func (k *Linux) linkTracepoint(name string) int {
	const nameAt = 64
	prog := k.loadEmpty(abi.ProgRawTracepoint)
	defer unix.Close(prog)
	attr := k.user.scratch(nameAt + len(name) + 1)
	copy(attr[nameAt:], name)
	program.PutWord(attr[:8], scratchBase+nameAt)
	program.PutWord(attr[8:][:4], uint64(prog))
	fd, errno := bpf(abi.RawTracepointOpen, scratchBase, 24)
	if errno != abi.OK {
		panic(errno) // 6.18 has it
	}
	return fd
}

// settleTracepoints waits until the programs of links that are closed are given back: on each CPU that happens in order.
func (k *Linux) settleTracepoints() {
	if !k.tracepoints.left {
		return
	}
	k.tracepoints.left = false
	k.onEachCPU(func() {
		link := k.linkTracepoint(program.Tracepoints[0])
		fields := k.linkProgram(link)
		unix.Close(link)
		for !k.goneID(abi.ProgGetFDByID, fields) {
			time.Sleep(time.Millisecond)
		}
	})
}

// linkProgram is the real id of a link's program.
func (k *Linux) linkProgram(fd int) uint32 {
	const info = 64
	attr := k.user.scratch(info + abi.LinkInfoSize)
	program.PutWord(attr[abi.InfoBPFFD:][:4], uint64(fd))
	program.PutWord(attr[abi.InfoLen:][:4], abi.LinkInfoSize)
	program.PutWord(attr[abi.InfoPtr:][:8], scratchBase+info)
	if _, errno := bpf(abi.ObjGetInfoByFD, scratchBase, 16); errno != abi.OK {
		panic(errno) // it is open
	}
	return uint32(program.Word(attr[info+abi.LinkInfoProgID:][:4]))
}
