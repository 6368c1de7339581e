package replay_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
	"github.com/bpfsim/bpfsim/recording/replay"
	"github.com/bpfsim/bpfsim/syscall"
)

// scripted answers as a function of the calls that were made before says.
type scripted struct {
	answer func(before []*recording.Call, c *recording.Call) replay.Answer
	made   []*recording.Call
}

func (s *scripted) Name() string { return "scripted" }

func (s *scripted) Start(recording.Header) error {
	s.made = nil
	return nil
}

func (s *scripted) Call(c *recording.Call) (replay.Answer, string) {
	a := s.answer(s.made, c)
	s.made = append(s.made, c)
	return a, ""
}

func (s *scripted) Event(recording.Event) string { return "" }

// All that a call answers is compared.
func TestEachPartOfAnAnswerIsCompared(t *testing.T) {
	write := func(addr uint64, bytes ...byte) program.Write { return program.Write{Addr: addr, Bytes: bytes} }
	text := saved(t, &recording.Call{Call: program.Call{Cmd: abi.MapCreate}, Ret: 3, Wrote: []program.Write{write(0x10, 1, 2)}})
	for name, c := range map[string]struct {
		answer replay.Answer
		same   bool
	}{
		"the same":    {replay.Answer{Ret: 3, Wrote: []program.Write{write(0x10, 1, 2)}}, true},
		"result":      {replay.Answer{Ret: 4, Wrote: []program.Write{write(0x10, 1, 2)}}, false},
		"errno":       {replay.Answer{Ret: 3, Errno: abi.ENOSPC, Wrote: []program.Write{write(0x10, 1, 2)}}, false},
		"bytes":       {replay.Answer{Ret: 3, Wrote: []program.Write{write(0x10, 1, 3)}}, false},
		"elsewhere":   {replay.Answer{Ret: 3, Wrote: []program.Write{write(0x11, 1, 2)}}, false},
		"fewer bytes": {replay.Answer{Ret: 3, Wrote: []program.Write{write(0x10, 1)}}, false},
		"more writes": {replay.Answer{Ret: 3, Wrote: []program.Write{write(0x10, 1, 2), write(0x20, 1)}}, false},
		"none":        {replay.Answer{Ret: 3}, false},
	} {
		t.Run(name, func(t *testing.T) {
			report := run(t, text, &scripted{answer: func([]*recording.Call, *recording.Call) replay.Answer { return c.answer }})
			require.Equal(t, c.same, report.Difference == nil)
		})
	}
}

// A smaller recording shows the same wrong answer, and not just any.
func TestShrinkKeepsTheAnswer(t *testing.T) {
	var entries []any
	for i := range byte(8) {
		entries = append(entries, &recording.Call{Call: program.Call{Cmd: abi.MapFreeze, Size: 4, Contents: []byte{i, 0, 0, 0}}, Errno: abi.EBADF,
			Told: []recording.Told{{Question: recording.Question("fd", i), Answer: recording.ClosedFD}}})
	}
	side := &scripted{answer: func(before []*recording.Call, c *recording.Call) replay.Answer {
		if c != entries[7] {
			return replay.Answer{Errno: abi.EBADF}
		}
		for _, b := range before {
			if b == entries[2] {
				return replay.Answer{Errno: abi.EINVAL}
			}
		}
		return replay.Answer{Errno: abi.ENOSPC}
	}}
	h := recording.NewHeader()
	h.CPUs, h.Caps = 2, bpfsys.Root
	d := &replay.Difference{Number: 8, Call: entries[7].(*recording.Call), Answer: replay.Answer{Errno: abi.EINVAL}}
	small, err := replay.Shrink(context.Background(), h, entries, d, side, nil)
	require.NoError(t, err)
	require.Equal(t, []any{entries[2], entries[7]}, small)
}
