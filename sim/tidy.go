package sim

// Tidy is the run of a schedule that shows what trace shows, with the steps that nobody else can tell (Options.OwnMemory) where they
// cut up least: those with which an operation begins before its first other step, all others right behind the one before them.
// The error is that of Machine.Run.
func Tidy(scenario Scenario, trace Trace) (Trace, error) {
	c := new(tidy)
	for _, s := range trace.Steps {
		if !s.Quiet {
			c.order = append(c.order, int(s.Task))
		}
	}
	return scenario().Run(c)
}

// tidy keeps the order of the steps that others can see.
type tidy struct {
	order []int // of tasks
	taken int
}

// Choose goes on with copies in the midst of an operation, and else with who comes next.
func (o *tidy) Choose(c *Choice) int {
	if first, _ := c.Tasks[0].Span(); c.Preempts && c.Tasks[0].quiet && first >= 0 {
		return 0
	}
	if o.taken == len(o.order) {
		return 0
	}
	i := c.index(o.order[o.taken])
	if i >= 0 && !c.Tasks[i].quiet {
		o.taken++
	}
	return i
}
