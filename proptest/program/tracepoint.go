package program

import (
	"bytes"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
)

// Tracepoints are raw tracepoints where next to nothing happens, and so no program ever runs.
var Tracepoints = []string{"kvm_age_hva", "kvm_test_age_hva"}

// NoTracepoint begins the names of none.
const NoTracepoint = "no_such"

// unreadable is an address that faults, and is not 0.
const unreadable = 1

// tracepoint leaves a program to no other tracepoint, and names one: without a name a tracing program asks for a trampoline, which kernels refuse by
// the errnos of their configuration (EINVAL for an iterator on Debian's 6.12, EPERM on a 6.18 without fentry).
func (t *sanitizer) tracepoint() {
	const longest = 128
	at := t.get(0, 8)
	text := t.arena.Span(at, longest, ToRead)
	name, _, _ := bytes.Cut(text, []byte{0})
	if !bytes.HasPrefix(name, []byte(NoTracepoint)) && !slices.Contains(Tracepoints, string(name)) {
		t.arena.Poke(at, []byte{0})
		if (span{at, 1}).overlaps(span{t.addr, uint64(len(t.attr))}) { // the address may be another one now
			t.set(0, 8, unreadable)
		}
	}
	if t.get(0, 8) == 0 {
		t.set(0, 8, unreadable)
	}
}

// asksForName reports whether a struct is one that tells of a link and may ask for a tracepoint's name, at an address of the program's.
func asksForName(size uint64, info []byte) bool {
	const room = abi.LinkInfoKind + 8
	return size <= abi.LinkInfoSize && len(info) >= room+4 && Word(info[abi.LinkInfoKind:][:8]) != 0 && Word(info[room:][:4]) != 0
}

// linkInfo leaves the name of a tracepoint to be written to the program's memory, in the struct that tells of a link: that of a raw
// tracepoint's, or of a perf event's.
func (t *sanitizer) linkInfo(addr uint64) {
	for _, at := range []uint64{addr + abi.LinkInfoKind, addr + abi.LinkInfoPerf} {
		to, room := t.arena.Span(at, 8, ToPoke), t.arena.Span(at+8, 4, ToRead)
		if len(to) == 8 && len(room) == 4 && Word(room) != 0 && !harmless(Word(to)) {
			clear(to)
		}
	}
}
