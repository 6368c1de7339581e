package replay

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// Difference is a call that was answered otherwise than it was recorded.
type Difference struct {
	// Number counts the calls, from 1.
	Number int
	Call   *recording.Call
	Side   string
	Answer Answer
}

// differs reports whether a call's answer is another one than the recorded.
func differs(c *recording.Call, a Answer) bool {
	if a.Errno != c.Errno || a.Ret != c.Ret || len(a.Wrote) != len(c.Wrote) {
		return true
	}
	for i, w := range a.Wrote {
		if w.Addr != c.Wrote[i].Addr || !bytes.Equal(w.Bytes, c.Wrote[i].Bytes) {
			return true
		}
	}
	return false
}

// String tells the call and both answers.
func (d *Difference) String() string {
	var w strings.Builder
	step := program.Step{CPU: d.Call.CPU, Action: &d.Call.Call}
	fmt.Fprintf(&w, "call %d, of process %d, thread %d:\n  %s\n", d.Number, d.Call.Process, d.Call.Thread, short(step.String()))
	fmt.Fprintf(&w, "  recorded: %s\n", recorded(d.Call))
	fmt.Fprintf(&w, "  %s: %s\n", d.Side, d.Answer)
	for _, note := range d.Answer.Notes {
		fmt.Fprintf(&w, "  (%s)\n", note)
	}
	if d.Call.Overlaps {
		w.WriteString("  (others were answered while this call went on: it may have taken effect at another place of the recording)\n")
	}
	return w.String()
}

// longestShown bounds what is printed of a call or an answer.
const longestShown = 2000

func short(text string) string {
	if len(text) > longestShown {
		return text[:longestShown] + "..."
	}
	return text
}

// String is the result and what was written.
func (a Answer) String() string {
	var w strings.Builder
	if a.Errno != abi.OK {
		w.WriteString(a.Errno.String())
	} else {
		fmt.Fprint(&w, a.Ret)
	}
	for i, m := range a.Wrote {
		if i == 0 {
			w.WriteString(", wrote")
		}
		fmt.Fprintf(&w, " %#x=%s", m.Addr, hex.EncodeToString(m.Bytes))
	}
	return short(w.String())
}
