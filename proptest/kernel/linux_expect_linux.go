package kernel

import (
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Linux frees much behind a grace period, or in the background, where bpfsim does at once: a program's maps, what a link or an event held. To
// wait for it at each question takes most of a comparison's time. So Linux is told what the other kernel has said, and waits only where it
// would say something else now. What both still have that nobody holds is found where a program asks all ids behind program.Settle.

// expectation is what another kernel has answered to a call.
type expectation struct {
	outcome Outcome
	memory  *program.Arena
}

// patience is how long Linux waits for an answer that it was told and that nothing brings about.
const patience = time.Second

// Expect tells what another kernel has answered to the next call, and the memory that it left.
func (k *Linux) Expect(o Outcome, memory *program.Arena) { k.expected = &expectation{o, memory} }

// await waits where Linux would not answer as the other one has: until all is freed that can be flushed, and then, for what nothing can
// (a storage map waits for grace periods of its own), until it would, for a while.
func (k *Linux) await(e *expectation, met func() bool) {
	if e != nil && met() {
		return
	}
	k.settleIDs()
	for begun := time.Now(); e != nil && !met() && time.Since(begun) < patience; {
		time.Sleep(time.Millisecond)
	}
}

// opened reports whether the other one has opened what is there, or not what is not there.
func (e *expectation) opened(there bool) bool {
	switch e.outcome.Errno {
	case abi.OK:
		return there
	case abi.ENOENT:
		return !there
	}
	return true // it had nothing to do with ids
}

// told reports whether the other one has told that next follows, or that nothing does.
func (e *expectation) told(c program.Call, next uint32, ok bool) bool {
	switch e.outcome.Errno {
	case abi.OK:
		var b [4]byte
		e.memory.Read(b[:], c.Attr+abi.IDNext)
		return ok && uint32(program.Word(b[:])) == next
	case abi.ENOENT:
		return !ok
	case abi.EFAULT: // as it was written
		return ok
	}
	return true // it had nothing to do with ids
}
