package replay

import (
	"errors"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/campaign"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// allowed asks the specification (package model) whether the recorded answers may be a kernel's, as far as the calls can be made as a program.
func allowed(h recording.Header, entries []any) bool {
	s := newSettler(h, roomJudged)
	var p program.Program
	k := &recordedKernel{arena: program.NewArena()}
	for _, entry := range entries {
		if e, ok := entry.(recording.Event); ok {
			steps, _ := s.event(e)
			for _, step := range steps {
				p.Steps = append(p.Steps, step)
				if c, ok := step.Action.(*program.Call); ok {
					k.answers = append(k.answers, programAnswer{wrote: popped(e, c)})
				}
			}
			continue
		}
		c := entry.(*recording.Call)
		t, err := s.call(c)
		if errors.Is(err, errRoom) {
			return false
		}
		if err != nil {
			continue
		}
		s.done(t, c.Errno == abi.OK)
		p.Steps = append(append(p.Steps, t.before...), t.step)
		k.answers = append(k.answers, answerOf(c, t))
	}
	p.Machine = s.machine
	m, err := campaign.Compare(p, k)
	return m == nil && err == nil
}

// roomJudged is the memory that programs have beside the arena where all of it is looked at after each call, in bytes.
const roomJudged = 256 << 10

// recordedKernel answers the calls of a program as they were answered when they were recorded.
type recordedKernel struct {
	arena   *program.Arena
	answers []programAnswer
	next    int
}

// programAnswer is a recorded answer to a step of a program.
type programAnswer struct {
	outcome kernel.Outcome
	wrote   []program.Write
}

// answerOf is the recorded answer with the program's addresses, fds and ids.
func answerOf(c *recording.Call, t *settled) programAnswer {
	a := programAnswer{outcome: kernel.Outcome{Ret: c.Ret, Errno: c.Errno}}
	if c.Errno == abi.OK && t.made != "" {
		a.outcome.Ret = t.slot
	}
	for _, w := range c.Wrote {
		if to, ok := t.places.find(w.Addr); ok {
			a.wrote = append(a.wrote, program.Write{Addr: to, Bytes: w.Bytes})
		}
	}
	for _, p := range t.undo {
		if to, ok := t.places.find(p.at); ok && written(c, p.at, p.size) {
			b := make([]byte, p.size)
			program.PutWord(b, p.forth(wordAt(c.Wrote, p.at, p.size)))
			a.wrote = append(a.wrote, program.Write{Addr: to, Bytes: b})
		}
	}
	return a
}

// wordAt is a word among what was written.
func wordAt(wrote []program.Write, at uint64, size int) uint64 {
	for _, w := range wrote {
		if at >= w.Addr && at+uint64(size) <= w.Addr+uint64(len(w.Bytes)) {
			return program.Word(w.Bytes[at-w.Addr:][:size])
		}
	}
	return 0
}

func (k *recordedKernel) Name() string { return "the recording" }

func (k *recordedKernel) Arena() *program.Arena { return k.arena }

func (k *recordedKernel) Start(m program.Machine) error {
	k.arena.Extend(make([]byte, m.Memory))
	k.arena.Reset()
	return nil
}

func (k *recordedKernel) Bpf(int, program.Call, func(int)) kernel.Outcome {
	a := k.answers[k.next]
	k.next++
	for _, w := range a.wrote {
		k.arena.Write(w.Addr, w.Bytes)
	}
	return a.outcome
}

func (k *recordedKernel) Do(int, program.Event) abi.Errno { return abi.OK }
