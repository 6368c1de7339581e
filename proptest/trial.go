package proptest

import (
	"runtime"
	"sync"
)

// trial is what came of one program.
type trial struct {
	ops       int
	answers   []Answer // to the calls, in order
	evictions int
	mismatch  *Mismatch // shrunk
	err       error
}

// try draws and runs program number i of a seed.
func (c *contest) try(o Options, i int) *trial {
	p := draft(o.Seed, uint64(i), c.without(o.machine(i)), c.cpus(o.CPUs), programSteps, c.paper.fresh())
	t := &trial{answers: make([]Answer, 0, programSteps*3/2)}
	c.trial = t
	t.mismatch, t.err = c.run(p)
	c.trial = nil
	if t.mismatch != nil {
		t.mismatch = c.shrink(t.mismatch)
		c.paper = new(paper) // the mismatch keeps parts of its program
	}
	return t
}

// note adds the outcome of a step.
func (t *trial) note(e event) {
	t.ops++
	if c, ok := e.step.Action.(*Call); ok {
		t.answers = append(t.answers, Answer{e.typ, c.Cmd, e.outcome.Errno})
	}
}

// trials gives one trial after the other. With more than one job they are made at once, ahead of time; stop must be called,
// and waits for those that are under way.
func (o Options) trials(jobs int) (next func() *trial, stop func()) {
	if jobs == 1 {
		c, i := newContest(o.Kernels), -1
		return func() *trial { i++; return c.try(o, i) }, func() {}
	}
	var workers sync.WaitGroup
	done := make(chan struct{})
	lines := make([]chan *trial, jobs)
	for job := range lines {
		lines[job] = make(chan *trial, ahead)
		workers.Go(func() { o.work(job, jobs, lines[job], done) })
	}
	i := -1
	return func() *trial { i++; return <-lines[i%jobs] }, func() { close(done); workers.Wait() }
}

// ahead is how many trials of a worker may wait to be taken.
const ahead = 16

// jobs is how many programs can run at once: kernels of one's own are needed, and those of others are only here once.
func (o Options) jobs() int {
	for _, k := range o.Kernels {
		if _, ok := k.(*Sim); !ok {
			return 1
		}
	}
	return runtime.GOMAXPROCS(0)
}

// work makes every jobs'th trial, from number job on.
func (o Options) work(job, jobs int, line chan<- *trial, done <-chan struct{}) {
	kernels := make([]Kernel, len(o.Kernels))
	for i := range kernels {
		kernels[i] = o.Kernels[i].(*Sim).another()
	}
	c := newContest(kernels)
	for i := job; ; i += jobs {
		select {
		case line <- c.try(o, i):
		case <-done:
			return
		}
	}
}
