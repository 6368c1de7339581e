package bpftest

import (
	"strings"
	"sync/atomic"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/internal/bubble"
)

// steps is the run whose calls are steps.
type steps struct {
	run    *bubble.Run
	teller teller
}

// stepping is nil when nobody explores.
var stepping atomic.Pointer[steps]

// stepper has the agent's calls wait for their turn (intercept.Watcher).
type stepper struct{}

// Begin waits.
func (stepper) Begin(cmd abi.Cmd, _ []byte) (cpu int) {
	if s := stepping.Load(); s != nil && !private(cmd) {
		s.run.Step(word(cmd))
	}
	return 0
}

// End is where the agent's own code goes on; bpfsys tells what came of the call.
func (stepper) End(abi.Cmd, []byte, int32, abi.Errno) {
	if s := stepping.Load(); s != nil {
		s.run.Returned()
	}
}

// private tells that a command makes what nobody else knows yet, or asks what does not change.
func private(cmd abi.Cmd) bool {
	switch cmd {
	case abi.MapCreate, abi.ProgLoad, abi.BTFLoad, abi.ObjGetInfoByFD:
		return true
	}
	return false
}

// word is a command's name in stories, as in the rules of package fault.
func word(cmd abi.Cmd) string {
	name := strings.TrimPrefix(strings.TrimPrefix(cmd.String(), "BPF_"), "MAP_")
	return strings.ToLower(strings.TrimSuffix(name, "_ELEM"))
}

// words are what programs do.
var words = map[operation]string{
	opLookup: "lookup", opUpdate: "update", opDelete: "delete", opPush: "push", opPop: "pop", opPeek: "peek", opOutput: "output",
	opSubmit: "submit", opDiscard: "discard", opGet: "get", opSet: "set",
}

// waits is a reader's wait for records, as a step.
const waits = "wait"

// begin starts a goroutine, under the name of the program that it plays.
func begin(name string, f func()) {
	if s := stepping.Load(); s != nil && s.run.Has() {
		s.run.Go(name, f)
		return
	}
	go f()
}

// helped has a program's operation on a map wait for its turn, and tells what came of it.
func helped(kernel link, q request) (reply, error) {
	kernel.sweep()
	s, what := stepping.Load(), words[q.Op]
	if s == nil || what == "" {
		return kernel.do(q)
	}
	chosen := s.run.Step(what)
	a, err := kernel.do(q)
	if chosen && s.run.Telling() {
		s.run.Told(s.teller.helped(q, a))
	}
	s.run.Returned()
	return a, err
}
