package sim

import "fmt"

// Referee asks a Chooser who takes the next step and keeps the trace. A Machine has one for its tasks; tasks that run elsewhere, such as
// goroutines that others hold up, can have one of their own.
type Referee struct {
	chooser Chooser
	always  bool // it is asked where there is one answer, too
	choice  Choice
	trace   Trace
}

// NewReferee begins a run in which c chooses.
func NewReferee(c Chooser) *Referee { return &Referee{chooser: c} }

// Join adds a task that runs elsewhere. Names are those of Spawn.
func (r *Referee) Join(name string) *Task {
	if !validName(name) {
		panic(fmt.Sprintf("sim: bad task name %q", name))
	}
	if len(r.trace.Tasks) == maxTasks {
		panic(fmt.Sprintf("sim: more than %d tasks", maxTasks))
	}
	t := &Task{name: name, index: len(r.trace.Tasks)}
	r.trace.Tasks = append(r.trace.Tasks, name)
	return t
}

// Next picks one of ready, which has at least one task. preempts tells that the first of them took the last step, so that any other
// answer preempts it. The error is a *ChoiceError.
func (r *Referee) Next(preempts bool, ready ...*Task) (*Task, error) {
	r.begin()
	r.choice.Preempts = preempts
	r.choice.Tasks = append(r.choice.Tasks, ready...)
	return r.next()
}

// Trace is what was chosen so far.
func (r *Referee) Trace() Trace { return r.trace }

// End ends the run: the error is a *ChoiceError when a Replay had more to choose.
func (r *Referee) End() error {
	if replay, ok := r.chooser.(*Replay); ok && !replay.done() {
		r.begin()
		return r.refuse(-1)
	}
	return nil
}

// now is the number of the last step taken, -1 before the first one.
func (r *Referee) now() int { return len(r.trace.Steps) - 1 }

// begin begins the next question: stay and offer add answers to it, next asks it.
func (r *Referee) begin() {
	c := &r.choice
	c.Step, c.Tasks, c.Preempts = len(r.trace.Steps), c.Tasks[:0], false
}

// stay adds the running task.
func (r *Referee) stay(t *Task) { r.choice.Tasks, r.choice.Preempts = append(r.choice.Tasks, t), true }

func (r *Referee) offer(t *Task) { r.choice.Tasks = append(r.choice.Tasks, t) }

func (r *Referee) next() (*Task, error) {
	i := 0
	if r.always || len(r.choice.Tasks) > 1 {
		i = r.chooser.Choose(&r.choice)
	}
	switch {
	case i == seen:
		return nil, errRedundant
	case i < 0 || i >= len(r.choice.Tasks):
		return nil, r.refuse(i)
	}
	t := r.choice.Tasks[i]
	r.trace.Steps = append(r.trace.Steps, Step{Task: uint8(t.index), Choice: uint8(i), At: t.at, Quiet: t.quiet})
	return t, nil
}

// refuse is the error for a choice that there is not.
func (r *Referee) refuse(choice int) error {
	e := &ChoiceError{Trace: r.trace, Choice: choice}
	for _, t := range r.choice.Tasks {
		e.Ready = append(e.Ready, t.name)
	}
	if replay, ok := r.chooser.(*Replay); ok {
		e.Turn = replay.turn()
	}
	return e
}
