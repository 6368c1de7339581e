package explore

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// Play plays the script on a stage. The run's times count calls, its trace is empty, and Breach tells whether what
// happened there breaks the contract too. The error tells why the stage cannot play it.
func (s Script) Play(on Stage) (*Run, error) {
	if n := on.CPUs(); s.Scenario.Map.ByCPU() && n != 0 && n != s.Scenario.CPUs() {
		return nil, fmt.Errorf("a map of type %s on %d CPUs on a machine of %d", s.Scenario.Map.Type, s.Scenario.CPUs(), n)
	}
	p := &player{Script: s, stage: on, run: &Run{Scenario: s.Scenario}}
	if err := p.setUp(); err != nil {
		return nil, err
	}
	p.walk()
	p.letIn(AfterWalk, 0)
	if p.err != nil {
		return nil, p.err
	}
	_ = p.run.judge()
	return p.run, nil
}

// player is a script in progress.
type player struct {
	Script
	stage Stage
	run   *Run
	ops   *client

	clock int64
	at    int // turns taken
	call  int // calls of the walk that have ended
	sub   int // sub-calls of the call in progress that have begun
	err   error
}

func (p *player) setUp() error {
	if err := p.stage.Pin(p.Scenario.Walk.CPU); err != nil {
		return err
	}
	fd, errno := p.stage.Do(p.Scenario.Map.create(p.Scenario.CPUs()))
	if errno != abi.OK {
		return fmt.Errorf("make the map: %s", errno)
	}
	p.ops = newClient(p.stage, fd, p.Scenario.Map)
	p.run.setup = newClient(p.stage, fd, p.Scenario.Map)
	p.run.fill()
	return nil
}

func (p *player) tick() int64 {
	p.clock++
	return p.clock
}

func (p *player) walk() {
	shape := p.Scenario.Map
	shape.Entries = p.Scenario.capacity()
	w := newWalker(newLoop(p.stage, shape, p.before), p.ops.fd, p.Scenario)
	walk := &p.run.History.Walk
	walk.Removes = w.way.Removes
	for !walk.Ended && p.err == nil && len(walk.Calls) <= p.run.History.Bound+1+p.Scenario.failures() {
		var call model.WalkCall
		start := p.tick()
		call, walk.Ended = w.step()
		call.Start, call.End = start, p.tick()
		walk.Calls = append(walk.Calls, call)
		p.done(walkerName, p.Scenario.describe(call, walk.Ended), start)
		p.call, p.sub = p.call+1, 0
	}
}

// before lets the others in before the sub-call that is about to begin.
func (p *player) before() {
	p.letIn(p.call, p.sub)
	p.sub++
}

// letIn takes the turns up to a place of the walk and gives the CPU back.
func (p *player) letIn(call, sub int) {
	for p.at < len(p.Turns) && p.err == nil {
		t := p.Turns[p.at]
		if t.Call > call || t.Call == call && t.Sub > sub {
			break
		}
		p.at++
		p.take(t)
	}
	if err := p.stage.Pin(p.Scenario.Walk.CPU); p.err == nil {
		p.err = err
	}
}

// take does the operation of a turn.
func (p *player) take(t Turn) {
	task := p.Scenario.Tasks[t.Task]
	if p.err = p.stage.Pin(task.CPU); p.err != nil {
		return
	}
	ops, start, before := task.call(t.Op), p.tick(), p.run.before()
	done, errno := p.do(task, ops, p.Scenario.firstNumber(t.Task)+uint64(t.Op))
	if p.err != nil {
		return
	}
	end := p.tick()
	p.run.lost(before, done, start, end)
	for _, o := range done {
		p.run.happened(task, o.Op, o.value, o.errno, start, end)
	}
	p.done(task.Name, callText(ops)+" = "+resultText(ops, done, errno), start)
}

func (p *player) do(task Task, ops []Op, number uint64) ([]outcome, abi.Errno) {
	switch {
	case ops[0].Verb == "signal": // no call that Linux has asks for signals
		return nil, abi.OK
	case !task.Program:
		return p.ops.call(ops, number)
	}
	value, errno := p.program(ops[0], number)
	return []outcome{{ops[0], value, errno}}, errno
}

func (p *player) program(op Op, number uint64) (value []byte, errno abi.Errno) {
	switch op.Verb {
	case "update", "insert", "write":
		value = numbered(number, p.Scenario.Map.valueSize(p.Scenario.CPUs()))
	}
	errno, p.err = p.stage.Program(p.ops.fd, op, p.Scenario.Map.keyOf(op.Key), value)
	return value, errno
}

func (p *player) done(task, text string, start int64) {
	p.run.Done = append(p.run.Done, Done{Task: task, Text: text, Start: start, End: p.clock})
}
