package explore

import (
	"bytes"

	"github.com/bpfsim/bpfsim/sim"
)

// contents is what keys held, from the step on that made it so. Where programs write parts of values, only the map knows what a
// write has made of a value as a whole, and others may have changed it again, or removed it, before the write's end.
type contents map[uint32][]content

// content is what a key holds behind a step of a task.
type content struct {
	step  int64
	task  string
	value []byte // nil: the map has no such key
}

// sharesValues reports whether several CPUs write parts of the same values.
func (s Scenario) sharesValues() bool { return s.Map.IsPerCPU() && s.NeedsProgram() }

// observe looks at what a step has changed.
func (r *Run) observe(step sim.Step, then func(*Run)) {
	if r.contents != nil {
		name := walkerName
		if step.Task > 0 {
			name = r.Scenario.Tasks[step.Task-1].Name
		}
		r.look(name)
	}
	if then != nil {
		then(r)
	}
}

// watch begins the record of what the keys hold.
func (r *Run) watch() {
	if r.Scenario.sharesValues() {
		r.contents = make(contents)
		r.look("")
	}
}

// look notes what a step of a task has made of the keys that operations name.
func (r *Run) look(task string) {
	for _, t := range r.Scenario.Tasks {
		for _, op := range t.Ops {
			value, there := r.valueNow(op.Key)
			if !there {
				value = nil
			}
			before := r.contents[op.Key]
			if n := len(before); n == 0 || !bytes.Equal(before[n-1].value, value) {
				r.contents[op.Key] = append(before, content{r.now(), task, value})
			}
		}
	}
}

// values are those that key had by a write that began at start: what was written and, of a value that others write parts of, what
// that made of it.
func (r *Run) values(task Task, key uint32, written []byte, start int64) [][]byte {
	if !r.Scenario.sharesValues() {
		return [][]byte{written}
	}
	made, left := r.made(task, key, start)
	switch {
	case task.Program && left: // nobody sees what it writes to the element now
		made = append([]byte(nil), made...)
		copy(made[task.CPU*len(written):], written)
		return [][]byte{made}
	case task.Program:
		return [][]byte{made}
	case left, bytes.Equal(made, written):
		return [][]byte{written}
	}
	return [][]byte{written, made}
}

// made is what key held behind the last step by which task has changed it since start, and whether the map had lost it at the end, or
// at once: then it is what the key held at the start. On a Stage nobody else does anything meanwhile.
func (r *Run) made(task Task, key uint32, start int64) (value []byte, left bool) {
	if r.contents == nil {
		value, _ = r.valueNow(key)
		return value, false
	}
	r.look(task.Name)
	left = true
	for _, c := range r.contents[key] {
		switch {
		case c.value == nil:
			left = true
		case c.task == task.Name:
			value, left = c.value, false
		case c.step <= start:
			value = c.value
		}
	}
	return value, left
}
