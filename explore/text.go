package explore

import (
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// String is the scenario as Parse reads it, a line for each part.
func (s Scenario) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "map %s entries=%d value=%d", typeWord(s.Map.Type), s.Map.Entries, s.Map.Value)
	if s.Map.Key != 0 {
		fmt.Fprintf(&b, " key=%d", s.Map.Key)
	}
	for _, f := range shapeFlags {
		if s.Map.Flags&f.bit != 0 {
			b.WriteString(" " + f.word)
		}
	}
	b.WriteString("\nkeys")
	for _, key := range s.Keys {
		fmt.Fprintf(&b, " %d", key)
	}
	fmt.Fprintf(&b, "\nwalk %s room=%d cpu=%d", s.Walk.Way, s.Walk.Room, s.Walk.CPU)
	if s.Walk.Fault != 0 {
		fmt.Fprintf(&b, " fault=%d", s.Walk.Fault)
	}
	b.WriteString("\n")
	for _, t := range s.Tasks {
		b.WriteString(t.String() + "\n")
	}
	return b.String() + "contract " + s.Contract + "\n"
}

// String is the task's line.
func (t Task) String() string {
	var ops []string
	for at := 0; at < len(t.Ops); {
		call := t.call(at)
		ops = append(ops, callText(call))
		at += len(call)
	}
	return strings.TrimRight(fmt.Sprintf("%s %s cpu=%d: %s", t.kind(), t.Name, t.CPU, strings.Join(ops, "; ")), " ")
}

// call is the operations that the task makes in one call, from number at on.
func (t Task) call(at int) []Op {
	end := at + 1
	for end < len(t.Ops) && t.Ops[end].Joined {
		end++
	}
	return t.Ops[at:end]
}

// callText is the operations of a call in words.
func callText(ops []Op) string {
	text := ops[0].String()
	for _, op := range ops[1:] {
		text += fmt.Sprintf(", %d", op.Key)
	}
	return text
}

// String is the operation in words.
func (o Op) String() string {
	if o.Verb == "signal" {
		return o.Verb
	}
	return fmt.Sprintf("%s %d", o.Verb, o.Key)
}

var shapeFlags = []struct {
	bit  uint32
	word string
}{{abi.FlagNoPrealloc, "no_prealloc"}, {abi.FlagNoCommonLRU, "no_common_lru"}}

func typeWord(t abi.MapType) string { return strings.ToLower(t.String()) }
