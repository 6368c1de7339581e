package sim

// Choice is a question to a Chooser: who takes the next step. It is asked only where there are at least two answers.
type Choice struct {
	// Step is the number of steps taken so far.
	Step int
	// Tasks are the tasks that can go on: the running one first if it can, the others in the order of Spawn. The
	// slice is reused by the next question.
	Tasks []*Task
	// Preempts tells that Tasks[0] is the running task, so that any other answer preempts it.
	Preempts bool
}

// Chooser picks who goes on.
type Chooser interface {
	// Choose returns an index into c.Tasks. 0 stays with the running task, so a schedule with more zeros is a simpler
	// one.
	Choose(c *Choice) int
}

// Schedules is a Chooser of one schedule after another.
type Schedules interface {
	Chooser
	// Next turns to the next schedule, at its first call to the first one, and reports whether there is one.
	Next() bool
}

// ChooserFunc is a Chooser that only wants the number of answers, such as a draw from rapid.
type ChooserFunc func(answers int) int

// Choose calls the function.
func (f ChooserFunc) Choose(c *Choice) int { return f(len(c.Tasks)) }

// First never preempts: the first task runs until it ends or waits.
type First struct{ used bool }

// Choose returns 0.
func (f *First) Choose(*Choice) int { return 0 }

// Next reports true once: there is one such schedule.
func (f *First) Next() bool {
	next := !f.used
	f.used = true
	return next
}
