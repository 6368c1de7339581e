package campaign

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/bpfsim/bpfsim/proptest/kernel"
)

// campaign is one under way. Workers take its programs by number and deliver their results; it counts in the order of the
// numbers, so the report does not depend on who was faster.
type campaign struct {
	Options
	ctx       context.Context
	mu        sync.Mutex
	delivered sync.Cond // something was delivered
	report    *Report
	err       error
	started   int             // programs that somebody makes or has made
	waiting   map[int]*result // delivered before one with a lower number
	free      []*result       // counted
}

func newCampaign(ctx context.Context, o Options) *campaign {
	c := &campaign{Options: o, ctx: ctx, report: &Report{}, waiting: map[int]*result{}}
	c.delivered.L = &c.mu
	return c
}

// jobs is how many programs can run at once: kernels of one's own are needed, and those of others are only here once.
func (o Options) jobs() int {
	for _, k := range o.Kernels {
		if _, ok := k.(*kernel.Sim); !ok {
			return 1
		}
	}
	return runtime.GOMAXPROCS(0)
}

// run makes programs with so many workers until it is over. The first one works here, on the kernels of the options.
func (c *campaign) run(jobs int) (*Report, error) {
	var others sync.WaitGroup
	for range jobs - 1 {
		others.Go(func() {
			kernels := make([]kernel.Kernel, len(c.Kernels))
			for i, k := range c.Kernels {
				kernels[i] = k.(*kernel.Sim).Another()
			}
			c.work(newComparison(kernels))
		})
	}
	c.work(newComparison(c.Kernels))
	others.Wait()
	return c.report, c.err
}

func (c *campaign) work(compared *comparison) {
	r := new(result)
	for i, wanted := c.next(); wanted; i, wanted = c.next() {
		r = c.deliver(i, compared.try(c.Options, i, r))
	}
}

// next is the number of the program to make next, false when none is wanted any more.
func (c *campaign) next() (int, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.over() && c.enough() {
		c.delivered.Wait()
	}
	c.started++
	return c.started - 1, !c.over()
}

// ahead bounds how many programs wait for one with a lower number, which takes long when it is shrunk.
const ahead = 100

// enough reports whether those that are being made will do: one more might be made in vain.
func (c *campaign) enough() bool {
	making := c.started - c.report.Programs
	return making >= ahead || c.report.Ops+making*programSteps >= c.Ops
}

func (c *campaign) over() bool {
	r := c.report
	return c.err != nil || r.Ops >= c.Ops || len(r.Mismatches) >= max(c.Most, 1) || c.ctx.Err() != nil
}

// deliver takes the result of program i, and counts what can be counted now. It gives back a result that is of no use any
// more.
func (c *campaign) deliver(i int, r *result) *result {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting[i] = r
	for at := c.report.Programs; c.waiting[at] != nil && !c.over(); at++ {
		c.count(at, c.waiting[at])
		c.free = append(c.free, c.waiting[at])
		delete(c.waiting, at)
	}
	c.delivered.Broadcast()
	n := len(c.free)
	if n == 0 {
		return new(result)
	}
	r, c.free = c.free[n-1], c.free[:n-1]
	return r
}

func (c *campaign) count(i int, r *result) {
	if r.err != nil {
		c.err = fmt.Errorf("program %d of seed %d: %w", i, c.Seed, r.err)
		return
	}
	c.report.add(r)
	if c.Progress != nil {
		c.Progress(c.report)
	}
}
