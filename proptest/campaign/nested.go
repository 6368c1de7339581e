package campaign

import (
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// nesting is a dump with steps inside. The model judges it call by call: user memory before and after each call of its
// loop, and the steps between them like any others.
type nesting struct {
	*runner
	call    model.Call
	steps   []program.Nested
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
		n.past.Follow(n.kernel.Arena()) // memory as it is when the loop's next call begins
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
		return n.possible.StepDump(n.past.Regions(), n.result(kernel.Outcome{}))
	})
}

// leave judges the loop's last call and the result.
func (n *nesting) leave(o kernel.Outcome) {
	n.ask(func() string { return n.possible.LeaveDump(n.past.Regions(), n.result(o)) })
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
