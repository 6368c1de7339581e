package intercept

import (
	"fmt"
	"sync"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/bpfsim/bpfsim/trace"
)

// tracer writes one line a call.
type tracer struct {
	out     *outlet // nil: no trace
	mu      sync.Mutex
	probed  bool // the shim's probe is over; what follows is the command's
	thread  int  // that made the first call
	several bool // more than one thread was seen: lines name theirs
}

// line is a call's line while the call goes on.
type line struct {
	prefix  string
	text    *trace.Line
	outcome bpfsys.Outcome
}

// begin reads a call's arguments before it runs, and has the process tell how the call ends.
func (t *tracer) begin(thread int, p *bpfsys.Process, cmd abi.Cmd, attr uint64, size uint32) *line {
	prefix, wanted := t.prefix(thread)
	if !wanted {
		return nil
	}
	l := &line{prefix: prefix, text: trace.Begin(p.Mem, p.Files, cmd, attr, size)}
	p.Outcome = &l.outcome
	return l
}

// prefix is what a line begins with; wanted is false when there shall be none.
func (t *tracer) prefix(thread int) (prefix string, wanted bool) {
	if t.out == nil {
		return "", false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.probed {
		t.probed = true
		return "", false
	}
	if t.thread == 0 {
		t.thread = thread
	}
	t.several = t.several || thread != t.thread
	if !t.several {
		return "", true
	}
	return fmt.Sprintf("[pid %d] ", thread), true
}

// end writes the line.
func (t *tracer) end(l *line) {
	if l != nil {
		t.out.put(l.prefix + l.text.End(l.outcome) + "\n")
	}
}
