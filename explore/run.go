package explore

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/sim"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// Run is one execution of a scenario: what happened, when, and how it broke the contract, if it did.
type Run struct {
	Scenario Scenario
	History  model.History
	// Done lists the operations and calls as they ended.
	Done []Done
	// Trace is the schedule, step by step.
	Trace sim.Trace
	// Judgement is what the contract says of it.
	model.Judgement

	elements maps.Map     // nil on a Stage, whose maps cannot be looked into
	now      func() int64 // the instant at which the elements evict
	setup    *client      // takes no steps
	walk     *walker      // nil until the walk begins
	victim   *sim.Task    // of signals: the walker
	contents contents     // nil where each value is written as a whole
	filled   uint64       // buckets that ever hold an element, a bit each
}

// Done is an operation or a call of the walk, with the steps it took.
type Done struct {
	Task       string
	Text       string
	Start, End int64
}

// BreachError is the verdict on a run that broke its contract.
type BreachError struct {
	Contract string
	Breach   string
}

func (e *BreachError) Error() string { return fmt.Sprintf("%s broken: %s", e.Contract, e.Breach) }

// machine builds a fresh machine with the scenario's tasks, and the run that records them; observe, unless nil, looks at
// the run behind each step.
func (s Scenario) machine(observe func(*Run)) (*sim.Machine, *Run) {
	r := &Run{Scenario: s}
	options := sim.Options{CPUs: s.CPUs(), Steps: maxSteps, OwnMemory: true, Signals: s.has("signal"), Filled: r.fills}
	if observe != nil || s.sharesValues() {
		options.Observe = func(step sim.Step) { r.observe(step, observe) }
	}
	m := sim.NewMachine(options)
	r.setUp(m)
	r.victim = m.Spawn(walkerName, s.Walk.CPU, r.walker)
	for i, t := range s.Tasks {
		m.Spawn(t.Name, t.CPU, r.body(t, s.firstNumber(i)))
	}
	m.Check(r.judge)
	return m, r
}

// firstNumber is the number of the write that is the first operation of task i: the keys and the tasks before it have
// the lower ones.
func (s Scenario) firstNumber(i int) uint64 {
	number := len(s.Keys) + 1
	for _, t := range s.Tasks[:i] {
		number += len(t.Ops)
	}
	return uint64(number)
}

// maxSteps is far beyond what a scenario needs: reaching it means that a call goes on for ever.
const maxSteps = 20_000

// setUp makes the map and puts the keys in, before the clock starts.
func (r *Run) setUp(m *sim.Machine) {
	user := m.User()
	user.Task.CPU = r.Scenario.Walk.CPU
	fd := r.Scenario.makeMap(user)
	r.elements, r.setup = m.Map(fd), newClient(simulated{user.Caller}, fd, r.Scenario.Map)
	if elements, ok := r.elements.(maps.Evicter); ok {
		elements.OnEvict(func(_ *maps.Task, key []byte) { r.evicted(string(key), r.now(), r.now()) })
	}
	r.fill()
	r.noteFilled()
	r.now = func() int64 { return int64(m.Now()) }
	r.watch()
}

// noteFilled notes which buckets of a hash table hold an element at some time.
func (r *Run) noteFilled() {
	table, hashed := r.elements.(maps.Drainer)
	if !hashed {
		return
	}
	for _, key := range r.Scenario.keys() {
		r.filled |= 1 << table.BucketOf(r.Scenario.Map.keyOf(key))
	}
}

func (r *Run) fills(bucket uint32) bool { return r.filled>>bucket&1 != 0 }

// fill puts the keys in, each at an instant of its own below 0, and one behind what it evicts. A new array holds zeros.
func (r *Run) fill() {
	at := int64(-2*len(r.Scenario.Keys) - 2)
	r.now = func() int64 { return at - 1 }
	if r.Scenario.Map.IsArray() {
		for key := range r.Scenario.Map.Entries {
			r.wrote(key, r.Scenario.Map.valueOf(0), at, at)
		}
	}
	for i, key := range r.Scenario.Keys {
		at += 2
		op, before := Op{Verb: "update", Key: key}, r.before()
		value, errno := r.setup.do(op, uint64(i+1))
		r.lost(before, []outcome{{op, value, errno}}, at-1, at-1)
		r.happened(Task{}, op, value, errno, at, at)
	}
	r.History.Bound = r.Scenario.bound()
	if !r.Scenario.Map.IsArray() {
		r.History.Capacity = int(r.Scenario.capacity())
	}
}

// create is the call that makes the scenario's map on a machine with so many CPUs.
func (m Shape) create(cpus int) bpfsys.MapCreate {
	flags := m.Flags
	switch {
	case m.isTrie():
		flags |= abi.FlagNoPrealloc
	case !m.IsArray():
		flags |= abi.FlagZeroSeed
	}
	return bpfsys.MapCreate{
		Type: m.Type, KeySize: uint32(m.keyBytes()), ValueSize: uint32(m.valueSize(cpus)), MaxEntries: m.Entries, Flags: flags,
	}
}

// valueSize is value_size: of a per-CPU type, one CPU's part of the values.
func (m Shape) valueSize(cpus int) int {
	if m.IsPerCPU() {
		return m.Value / cpus
	}
	return m.Value
}

// makeMap makes the scenario's map and returns its fd.
func (s Scenario) makeMap(user *sim.User) int32 {
	fd, errno := user.Create(s.Map.create(s.CPUs()))
	if errno != abi.OK {
		panic(fmt.Sprintf("explore: map %+v: %v", s.Map, errno))
	}
	return fd
}

func (r *Run) walker(t *sim.Task) {
	w := newWalker(simulated{t.User().Caller}, r.setup.fd, r.Scenario)
	r.walk = w
	r.History.Walk.Removes = w.way.Removes
	for ended := false; !ended && len(r.History.Walk.Calls) <= r.History.Bound+1+r.Scenario.failures(); {
		var call model.WalkCall
		t.Mark()
		call, ended = w.step()
		call.Start, call.End = visible(t)
		r.History.Walk.Calls = append(r.History.Walk.Calls, call)
		r.History.Walk.Ended = ended
		r.done(t, r.Scenario.describe(call, ended))
	}
}

// body does a task's operations; number is that of its first write.
func (r *Run) body(task Task, number uint64) func(*sim.Task) {
	return func(t *sim.Task) {
		do := r.operations(task, t)
		for at := 0; at < len(task.Ops); {
			ops := task.call(at)
			t.Mark()
			done, errno := do(ops, number+uint64(at))
			start, end := visible(t)
			for _, o := range done {
				r.happened(task, o.Op, o.value, o.errno, start, end)
			}
			r.done(t, callText(ops)+" = "+resultText(ops, done, errno))
			at += len(ops)
		}
	}
}

func (r *Run) operations(task Task, t *sim.Task) func([]Op, uint64) ([]outcome, abi.Errno) {
	if task.Program {
		size := r.Scenario.Map.valueSize(r.Scenario.CPUs())
		p := program{task: &t.Kernel, elements: r.elements, shape: r.Scenario.Map, size: size}
		return func(ops []Op, number uint64) ([]outcome, abi.Errno) {
			value, errno := p.do(ops[0], number)
			return []outcome{{ops[0], value, errno}}, errno
		}
	}
	client := newClient(simulated{t.User().Caller}, r.setup.fd, r.Scenario.Map)
	return func(ops []Op, number uint64) ([]outcome, abi.Errno) {
		if ops[0].Verb == "signal" {
			t.Signal(r.victim)
			return nil, abi.OK
		}
		return client.call(ops, number)
	}
}

// happened notes what came of an operation.
func (r *Run) happened(task Task, op Op, value []byte, errno abi.Errno, start, end int64) {
	r.told(task, op, value, errno, start, end)
	if errno != abi.OK {
		return
	}
	switch op.Verb {
	case "update", "insert", "write":
		for _, v := range r.values(task, op.Key, value, start) {
			r.wrote(op.Key, v, start, end)
		}
	case "delete", "take":
		r.History.Writes = append(r.History.Writes, model.Write{
			Start: start, End: end, Key: string(r.Scenario.Map.keyOf(op.Key)), Value: string(value), Removed: true,
		})
	}
}

func (r *Run) wrote(key uint32, value []byte, start, end int64) {
	r.History.Writes = append(r.History.Writes, model.Write{
		Start: start, End: end, Key: string(r.Scenario.Map.keyOf(key)), Value: string(value),
	})
}

func (r *Run) done(t *sim.Task, text string) {
	first, last := t.Span()
	r.Done = append(r.Done, Done{Task: t.Name(), Text: text, Start: int64(first), End: int64(last)})
}

// visible is the span of an operation in a history: when it copies its own memory nobody can tell.
func visible(t *sim.Task) (start, end int64) {
	first, last := t.Visible()
	return int64(first), int64(last)
}

// Verdict is what the contract says of the run in a word or two.
func (r *Run) Verdict() string {
	switch {
	case r.Breach != "":
		return "broken"
	case !r.Asked:
		return "asked nothing"
	}
	return "kept"
}

// judge reads what is left and asks the contract.
func (r *Run) judge() error {
	r.History.Left = r.setup.content()
	contract, _ := model.ContractByName(r.Scenario.Contract)
	r.Judgement = contract.Check(r.History)
	if r.Breach = r.Scenario.readable(r.Breach); r.Breach != "" {
		return &BreachError{Contract: contract.Name, Breach: r.Breach}
	}
	return nil
}
