package bpftest

import (
	"errors"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

// Output adds a record to a ring buffer (bpf_ringbuf_output): EAGAIN when it is full, and the record is lost. The record is of
// any size; flags are 0, abi.RingNoWakeup or abi.RingForceWakeup.
//
// Of a PERF_EVENT_ARRAY flags name the event (bpf_perf_event_output); PerfOutput takes the one of the CPU.
func (m *Map) Output(record any, flags uint64) error {
	p, err := encode(record)
	if err != nil {
		return fmt.Errorf("output to map %q: record: %w", m.name, err)
	}
	_, err = m.ask("output to", request{Op: opOutput, Value: p, Flags: flags})
	return err
}

// PerfOutput adds a sample to the perf buffer of the CPU (bpf_perf_event_output with BPF_F_CURRENT_CPU): ENOENT where nobody has one there,
// ENOSPC when it is full, and the sample is lost; the reader hears of it with the next one.
func (m *Map) PerfOutput(sample any) error { return m.Output(sample, abi.PerfCurrentCPU) }

// Record is room in a ring buffer, which its consumer waits for until it is submitted or discarded.
type Record struct {
	m *Map
	n int
}

// Reserve makes room for a record of so many bytes in a ring buffer (bpf_ringbuf_reserve): ENOSPC, where a program gets NULL, when there is
// none.
func (m *Map) Reserve(size int) (*Record, error) {
	if size < 0 {
		return nil, fmt.Errorf("reserve in map %q: a record of %d bytes", m.name, size)
	}
	a, err := m.reply("reserve in", request{Op: opReserve, N: size})
	if err != nil {
		return nil, err
	}
	return &Record{m, int(a.N)}, nil
}

// Submit hands the record over with a value, which may be shorter (bpf_ringbuf_submit). Flags are as in Output.
func (r *Record) Submit(value any, flags uint64) error {
	p, err := encode(value)
	if err != nil {
		err = errors.Join(err, r.Discard(0))
		return fmt.Errorf("submit to map %q: value: %w", r.m.name, err)
	}
	_, err = r.m.ask("submit to", request{Op: opSubmit, N: r.n, Value: p, Flags: flags})
	return err
}

// Discard gives the room up: the consumer passes over it (bpf_ringbuf_discard).
func (r *Record) Discard(flags uint64) error {
	_, err := r.m.ask("discard in", request{Op: opDiscard, N: r.n, Flags: flags})
	return err
}

// Lose has the next n records lost, as if the buffer of a ring or of perf events were full: Output, PerfOutput and Reserve fail, and a reader
// of perf events hears of it with the next sample.
func (m *Map) Lose(n int) {
	m.k.t.Helper()
	if _, err := m.ask("lose records of", request{Op: opLose, N: n}); err != nil {
		m.k.t.Fatalf("bpftest: %v", err)
	}
}
