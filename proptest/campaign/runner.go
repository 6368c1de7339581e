package campaign

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// runner runs one program on one kernel and asks the model about it.
type runner struct {
	kernel  kernel.Kernel
	machine program.Machine
	judging bool
	// possible is where the kernel may be, by the model. Runners that are not judging share the first one's.
	possible *model.Possible
	why      string // what the model has against the last step
	seen     []event
	last     model.Call
	unjudged bool           // the last step was a call, and the model has not been asked about it
	Seeded   bool           // the last step made a map whose order depends on a random seed
	past     *program.Arena // memory as it was before the last call
	depth    int
}

// event is a step and what came of it. A step inside a dump comes before the dump.
type event struct {
	call    bool // and not an Event
	cmd     abi.Cmd
	typ     abi.MapType // of the map that it was about
	outcome kernel.Outcome
}

func newRunner(k kernel.Kernel) *runner {
	return &runner{kernel: k, past: program.NewArena()}
}

func (r *runner) start(m program.Machine) error {
	if err := r.kernel.Start(m); err != nil {
		return err
	}
	r.machine, r.depth = m, 0
	r.possible = model.NewPossible(newState(m))
	return nil
}

// newState is the model of a fresh machine.
func newState(m program.Machine) *model.State {
	c := model.Config{
		CPUs: m.CPUs, BPF: m.BPF, SysAdmin: m.SysAdmin, Release: m.Linux, OnlyLoopback: !m.HasHost(), KernelTypes: m.HasHost(),
	}
	return model.New(c).OpenForeign(program.OpenFDs...)
}

// run makes one step of the program; seen and why tell what came of it.
func (r *runner) run(s program.Step) {
	r.seen, r.why, r.Seeded, r.unjudged = r.seen[:0], "", false, false
	r.do(s)
}

// expecting is a Kernel that waits less where it knows what another one has answered.
type expecting interface {
	Expect(o kernel.Outcome, memory *program.Arena)
}

// expect tells the kernel what another one has answered to the step that is next.
func (r *runner) expect(other *runner) {
	if k, ok := r.kernel.(expecting); ok {
		k.Expect(other.seen[len(other.seen)-1].outcome, other.kernel.Arena())
	}
}

func (r *runner) do(s program.Step) {
	var e event
	switch a := s.Action.(type) {
	case *program.Call:
		e.call, e.cmd = true, a.Cmd
		e.typ, e.outcome = r.call(s.CPU, a)
	case program.Event:
		e.outcome.Errno = r.kernel.Do(s.CPU, a)
		if e.outcome.Errno == abi.OK && r.judging {
			r.witness(a)
		}
	}
	r.seen = append(r.seen, e)
}

func (r *runner) call(cpu int, drawn *program.Call) (abi.MapType, kernel.Outcome) {
	arena, c := r.kernel.Arena(), *drawn
	arena.Load(&r.machine, &c)
	typ := r.typeOf(c)
	r.past.Follow(arena)
	call := model.Call{CPU: cpu, Cmd: c.Cmd, Attr: c.Attr, Size: c.Size, Before: r.past.Regions()}
	seeds := arena.MakesSeed(c)
	var dump *nesting
	var during func(int)
	if len(c.During) > 0 && arena.Loops(c) {
		dump = &nesting{runner: r, call: call, steps: c.During}
		during = dump.during
	}
	out := r.kernel.Bpf(cpu, c, during)
	r.last = call
	r.Seeded = r.Seeded || out.Errno == abi.OK && seeds
	switch {
	case dump != nil && dump.entered:
		dump.leave(out)
	case r.depth > 0:
		r.judge(out)
	default:
		r.unjudged = true // until all kernels have made it
	}
	return typ, out
}

// judge moves on to the states that the model allows after the last call.
func (r *runner) judge(o kernel.Outcome) {
	if !r.judging || r.why != "" {
		return
	}
	moved := r.moved(o)
	if why := r.possible.Next(r.last, r.result(o)); why != "" {
		r.why = "illegal: " + why
		return
	}
	if moved {
		r.follow(program.Dup{FD: returnedFD, To: o.Ret})
		r.follow(program.Close{FD: returnedFD})
	}
}

// settle asks the model about the last step, where that has not been done. A runner that is not judging was seen to do the
// same as the first one.
func (r *runner) settle(first *runner) {
	switch {
	case !r.unjudged:
		return
	case r.judging:
		r.judge(r.seen[0].outcome)
	default:
		r.why = first.why
	}
	r.unjudged = false
}

// result is what came of the last call, for the model.
func (r *runner) result(o kernel.Outcome) model.Result {
	arena := r.kernel.Arena()
	result := model.Result{Ret: o.Ret, Errno: o.Errno, After: arena.Regions(), Written: arena.Changes()}
	if r.moved(o) {
		result.Ret = returnedFD
	}
	return result
}

// moved reports whether the last call's fd was moved to where another one is open. Elsewhere the kernel may as well have
// chosen that number.
func (r *runner) moved(o kernel.Outcome) bool {
	return o.Errno == abi.OK && program.MakesFD(r.last.Cmd) && r.possible.Open(o.Ret)
}

// returnedFD is the fd that a call returned before it was moved, for the model: it was not open, where it is now may have
// been.
const returnedFD = program.FirstFD + program.NumFDs

// witness tells the model of an event that happened, and asks it about what the event told.
func (r *runner) witness(e program.Event) {
	told, ok := e.(program.FDInfo)
	if !ok {
		r.follow(e)
		return
	}
	if why := r.possible.Each(func(s *model.State) (*model.State, string) { return s.FDInfo(told.FD, r.kernel.Arena().Text(told.To)) }); why != "" {
		r.why = "illegal: " + why
	}
}

// follow tells the model of an event that happened.
func (r *runner) follow(e program.Event) {
	r.possible.Each(func(s *model.State) (*model.State, string) { return after(s, e), "" })
}

func after(s *model.State, e program.Event) *model.State {
	switch e := e.(type) {
	case program.Close:
		return s.Close(e.FD)
	case program.Dup:
		return s.Dup2(e.FD, e.To)
	case program.Foreign:
		return s.OpenForeign(e.FD)
	case program.Open:
		return s.OpenThing(e.FD, e.What)
	case program.Mkdir:
		return s.Mkdir(e.Path)
	case program.Rmdir:
		return s.Unlink(e.Path)
	case program.Unlink:
		return s.Unlink(e.Path)
	case program.Rename:
		return s.Rename(e.From, e.To)
	case program.Settle:
		return s
	}
	panic(e)
}
