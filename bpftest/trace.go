package bpftest

import (
	"io"
	"strings"

	"github.com/bpfsim/bpfsim/trace"
)

// Trace is a record of the calls of bpf(2) that a kernel answers.
type Trace struct{ k *Handle }

// Trace begins to record calls. A test that wants to know all begins with it.
//
//	calls := k.Trace()
//	...
//	t.Log(calls)
func (k *Handle) Trace() *Trace {
	k.t.Helper()
	k.do(request{Op: opTrace})
	return &Trace{k}
}

// WriteText writes one line a call, as strace(1) and bpfsim run --trace do, in the order in which the calls ended. Where something was
// injected (Handle.Fail) a line ends with "(injected)"; where several threads call it begins with theirs.
func (t *Trace) WriteText(w io.Writer) error {
	t.k.t.Helper()
	return trace.WriteText(w, t.calls())
}

// WriteChrome writes a timeline as JSON, for ui.perfetto.dev and chrome://tracing: a row for each thread, with what each call was about, how
// long it took, and how it ended, and a row for each CPU on which programs, played by the test, called helpers.
func (t *Trace) WriteChrome(w io.Writer) error {
	t.k.t.Helper()
	return trace.WriteChrome(w, t.calls())
}

// String is what WriteText writes.
func (t *Trace) String() string {
	t.k.t.Helper()
	var b strings.Builder
	_ = t.WriteText(&b)
	return b.String()
}

func (t *Trace) calls() []trace.Event {
	t.k.t.Helper()
	return t.k.do(request{Op: opCalls}).Calls
}
