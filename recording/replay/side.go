package replay

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// Side is a kernel that recorded calls are made on again.
type Side interface {
	// Name is what reports call it.
	Name() string
	// Start makes the kernel fresh for a recording.
	Start(h recording.Header) error
	// Call makes a call. asked is false, with a reason in why, for one that is not to be made there.
	Call(c *recording.Call) (a Answer, why string)
	// Event makes happen what happened between two calls; why says what is not to be made there.
	Event(e recording.Event) (why string)
}

// Answer is what came of a call.
type Answer struct {
	Ret   int32 // where Errno is abi.OK
	Errno abi.Errno
	// Wrote are the bytes that were written, ascending by address.
	Wrote []program.Write
	// Notes are what the kernel asked about the caller of which the recording says nothing.
	Notes []string
}

// recorded is the answer that a call got when it was recorded.
func recorded(c *recording.Call) Answer { return Answer{Ret: c.Ret, Errno: c.Errno, Wrote: c.Wrote} }
