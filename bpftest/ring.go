package bpftest

import "fmt"

// Output adds a record to a ring buffer (bpf_ringbuf_output): EAGAIN when it is full, and the record is lost. The record is of
// any size; flags are 0, abi.RingNoWakeup or abi.RingForceWakeup.
func (m *Map) Output(record any, flags uint64) error {
	p, err := encode(record)
	if err != nil {
		return fmt.Errorf("output to map %q: record: %w", m.name, err)
	}
	_, err = m.ask("output to", request{Op: opOutput, Value: p, Flags: flags})
	return err
}
