package recording

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// Call is a call that has ended.
type Call struct {
	// Process and Thread are the caller's ids on the machine where it was recorded.
	Process, Thread int
	// At is the time since the kernel booted.
	At time.Duration
	// CPU is that on which the call ran.
	CPU int
	// Call is the command, with the address of its attr. Its Contents and Memory are the bytes that the kernel read.
	program.Call
	Ret   int32 // where Errno is abi.OK
	Errno abi.Errno
	// Wrote are the bytes that the kernel wrote, ascending by address.
	Wrote []program.Write
	// Faulted are the addresses at which reads and writes ended for want of memory.
	Faulted []Fault
	// Told is what the kernel was told of the caller when it asked, in the order in which it asked.
	Told []Told
	// Injected is what was made to happen to the call.
	Injected bpfsys.Fault
	// Overlaps says that it lasted so long that others were not kept waiting: it may have taken effect at another place than here.
	Overlaps bool
}

// Fault is an address that cannot be read, or not be written.
type Fault struct {
	Addr  uint64
	Write bool
}

// Told is an answer about the caller.
type Told struct{ Question, Answer string }

// Event is what happened between calls: Verb is one of the constants below.
type Event struct{ Verb, What string }

// What happens between calls.
const (
	Gone     = "gone"     // the last fd of a file was closed
	Unpinned = "unpinned" // a pin of an object was removed
	Vanished = "vanished" // something of the host's is not there any more
	Stored   = "stored"   // a program changed an element through a mapping (Store)
	Helped   = "helped"   // a BPF program, played by a test, changed a map (Help)
	Beside   = "beside"   // a call that is not recorded may have changed something
)

// String is the event's line.
func (e Event) String() string { return e.Verb + " " + word(e.What) }

// word is text as one word of a line.
func word(text string) string {
	if text == "" || strings.ContainsAny(text, " \"\t\n#") || !printable(text) {
		return strconv.QuoteToASCII(text)
	}
	return text
}

func printable(text string) bool {
	for _, r := range text {
		if r <= ' ' || r > '~' {
			return false
		}
	}
	return true
}

// Words that begin the parts of a call's line behind the step.
const (
	resultWord  = "="
	wroteWord   = "wrote"
	faultWord   = "faulted"
	toldWord    = "told"
	injectWord  = "injected"
	overlapWord = "overlaps"
)

// String is the call's line: who called and when, the step as package program writes it, what came of it.
func (c *Call) String() string {
	var w strings.Builder
	step := program.Step{CPU: c.CPU, Action: &c.Call}
	fmt.Fprintf(&w, "%d/%d %v %s %s %s", c.Process, c.Thread, c.At, step, resultWord, c.result())
	if len(c.Wrote) > 0 {
		w.WriteString(" " + wroteWord)
	}
	for _, m := range c.Wrote {
		fmt.Fprintf(&w, " %#x=%s", m.Addr, hex.EncodeToString(m.Bytes))
	}
	if len(c.Faulted) > 0 {
		w.WriteString(" " + faultWord)
	}
	for _, f := range c.Faulted {
		fmt.Fprintf(&w, " %s=%#x", map[bool]string{false: "read", true: "write"}[f.Write], f.Addr)
	}
	if len(c.Told) > 0 {
		w.WriteString(" " + toldWord)
	}
	for _, t := range c.Told {
		fmt.Fprintf(&w, " %s=%s", t.Question, word(t.Answer))
	}
	if f := c.Injected; f != (bpfsys.Fault{}) {
		fmt.Fprintf(&w, " %s %s after=%d delay=%v", injectWord, f.Errno, f.After, f.Delay)
	}
	if c.Overlaps {
		w.WriteString(" " + overlapWord)
	}
	return w.String()
}

func (c *Call) result() string {
	if c.Errno != abi.OK {
		return errnoWord(c.Errno)
	}
	return strconv.Itoa(int(c.Ret))
}

// errnoWord is an errno as one word.
func errnoWord(e abi.Errno) string { return strings.ReplaceAll(e.String(), " ", "") }
