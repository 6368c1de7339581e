package proptest

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// runner runs one program on one kernel and asks the model about it.
type runner struct {
	kernel  Kernel
	machine Machine
	judging bool
	states  []*model.State
	why     string // what the model has against the last step
	seen    []event
	last    model.Call
	seeded  bool // the last step made a map whose order depends on a random seed
	before  []*Arena
	depth   int
}

// event is a step and what came of it. A step inside a dump comes before the dump.
type event struct {
	step    Step
	typ     abi.MapType // of the map that it was about
	outcome Outcome
}

func newRunner(k Kernel) *runner {
	return &runner{kernel: k, before: []*Arena{NewArena(), NewArena()}}
}

func (r *runner) start(m Machine) error {
	if err := r.kernel.Start(m); err != nil {
		return err
	}
	r.machine = m
	r.states = []*model.State{newState(m)}
	return nil
}

// newState is the model of a fresh machine.
func newState(m Machine) *model.State {
	c := model.Config{CPUs: m.CPUs, BPF: m.BPF, SysAdmin: m.SysAdmin}
	if !m.Has(ExclusiveProgram) || !m.Has(MapHash) || !m.Has(ProgramSignature) {
		c.Release = model.V612
	}
	s := model.New(c)
	for _, fd := range openFDs {
		s = s.OpenForeign(fd)
	}
	return s
}

// run makes one step of the program; seen and why tell what came of it.
func (r *runner) run(s Step) {
	r.seen, r.why, r.seeded, r.last = r.seen[:0], "", false, model.Call{}
	r.do(s)
}

func (r *runner) do(s Step) {
	e := event{step: s}
	switch a := s.Action.(type) {
	case Call:
		e.typ, e.outcome = r.call(s.CPU, a)
	case Event:
		e.outcome.Errno = r.kernel.Do(s.CPU, a)
		if e.outcome.Errno == abi.OK && r.judging {
			r.follow(a)
		}
	}
	r.seen = append(r.seen, e)
}

func (r *runner) call(cpu int, c Call) (abi.MapType, Outcome) {
	arena := r.kernel.Arena()
	c = arena.load(r.machine, c)
	typ := r.typeOf(c)
	before := r.before[r.depth]
	before.copyFrom(arena)
	r.last = model.Call{CPU: cpu, Cmd: c.Cmd, Attr: c.Attr, Size: c.Size, Before: before.regions}
	var dump *nesting
	var during func(int)
	if len(c.During) > 0 && arena.loops(c) {
		dump = &nesting{runner: r, call: r.last, memory: before, steps: c.During}
		during = dump.during
	}
	last := r.last
	out := r.kernel.Bpf(cpu, c, during)
	r.last = last
	r.seeded = r.seeded || out.Errno == abi.OK && before.makesSeed(c)
	switch {
	case !r.judging:
	case dump != nil && dump.entered:
		dump.leave(out)
	default:
		r.judge(r.last, out)
	}
	return typ, out
}

// judge moves on to the states that the model allows. The reason of a state that forbids the result is kept only when
// all do.
func (r *runner) judge(c model.Call, o Outcome) {
	result := model.Result{Ret: o.Ret, Errno: o.Errno, After: r.kernel.Arena().regions}
	made := o.Errno == abi.OK && makesFD(c.Cmd)
	if made {
		result.Ret = landing
	}
	var states []*model.State
	var reason string
	for _, s := range r.states {
		next, why := s.Next(c, result)
		if len(next) == 0 {
			reason = why
		}
		states = append(states, next...)
	}
	if len(states) == 0 {
		r.why = "illegal: " + reason
		return
	}
	r.states = states
	if made {
		r.follow(Dup{FD: landing, To: o.Ret})
		r.follow(Close{FD: landing})
	}
}

// landing is the fd that a call returned before it was moved, for the model: it was not open, where it is now may have
// been.
const landing = FirstFD + NumFDs

// follow tells the model of an event that happened.
func (r *runner) follow(e Event) {
	states := make([]*model.State, len(r.states)) // the old slice may be another runner's too
	for i, s := range r.states {
		states[i] = after(s, e)
	}
	r.states = states
}

func after(s *model.State, e Event) *model.State {
	switch e := e.(type) {
	case Close:
		return s.Close(e.FD)
	case Dup:
		return s.Dup2(e.FD, e.To)
	case Foreign:
		return s.OpenForeign(e.FD)
	case Mkdir:
		return s.Mkdir(e.Path)
	case Rmdir:
		return s.Unlink(e.Path)
	case Unlink:
		return s.Unlink(e.Path)
	case Rename:
		return s.Rename(e.From, e.To)
	}
	panic(e)
}

// makesSeed reports whether c makes a map whose order depends on a random seed.
func (a *Arena) makesSeed(c Call) bool {
	if c.Cmd != abi.MapCreate {
		return false
	}
	var attr [abi.CreateMapFlags + 4]byte
	a.Read(attr[:min(int(c.Size), len(attr))], c.Attr)
	typ := abi.MapType(word(attr[abi.CreateMapType:][:4]))
	return (typ == abi.Hash || typ == abi.LRUHash) && uint32(word(attr[abi.CreateMapFlags:][:4]))&abi.FlagZeroSeed == 0
}
