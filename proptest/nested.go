package proptest

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// loops reports whether a command may be the mails' loop of calls, between which others can run.
func loops(c abi.Cmd) bool { return c == abi.MapDump || c == abi.MapDumpJuly }

// loops reports whether c, which is in memory, is one: BPF_F_DUMP_BUCKET makes it another one, or wrong.
func (a *Arena) loops(c Call) bool {
	return c.Cmd == abi.MapDump || c.Cmd == abi.MapDumpJuly && a.field(c, abi.JulyFlags, 8)&abi.DumpBucket == 0
}

// nesting is a dump with steps inside. The model judges it call by call: user memory before and after each call of its
// loop, and the steps between them like any others.
type nesting struct {
	*runner
	call    model.Call
	steps   []Nested
	entered bool
}

// during judges the loop so far and makes the steps before its next call.
func (n *nesting) during(call int) {
	if n.judging {
		n.advance()
	}
	n.depth++
	for len(n.steps) > 0 && n.steps[0].Before <= call {
		n.do(n.steps[0].Step)
		n.steps = n.steps[1:]
	}
	n.depth--
	if n.judging {
		n.past.follow(n.kernel.Arena()) // memory as it is when the loop's next call begins
	}
}

// advance judges the loop's last call, or what comes before the first one.
func (n *nesting) advance() {
	entered := n.entered
	n.entered = true
	n.ask(func() string {
		if !entered {
			return n.possible.EnterDump(n.call)
		}
		return n.possible.StepDump(n.past.regions, n.result(Outcome{}))
	})
}

// leave judges the loop's last call and the result.
func (n *nesting) leave(o Outcome) {
	n.ask(func() string { return n.possible.LeaveDump(n.past.regions, n.result(o)) })
}

// ask asks the model. Once it has forbidden something there is nothing to go on from.
func (n *nesting) ask(next func() (why string)) {
	if n.why != "" {
		return
	}
	if reason := next(); reason != "" {
		n.why = "illegal: " + reason
	}
}
