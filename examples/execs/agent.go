package execs

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/ringbuf"
)

// Process is a process; its number is given out again when it has ended.
type Process struct {
	PID   uint32
	_     uint32
	Start uint64 // in ns
}

// Event is the start or the end of a process.
type Event struct {
	Process
	Ended uint64
}

// Name is a command, as Linux cuts it.
type Name [16]byte

func (n Name) String() string { return string(bytes.TrimRight(n[:], "\x00")) }

// Keys are the ways to find a process in the table.
type Keys func(Process) Process

// ByPID finds it by its number alone.
func ByPID(p Process) Process { return Process{PID: p.PID} }

// ByStart finds it by its number and when it began.
func ByStart(p Process) Process { return p }

// Agent follows processes.
type Agent struct {
	key    Keys
	table  *ebpf.Map
	ring   *ebpf.Map
	events *ringbuf.Reader
}

// NewAgent makes the table, for so many processes, and a ring buffer of so many bytes.
func NewAgent(key Keys, processes, size uint32) (*Agent, error) {
	a := &Agent{key: key}
	var err error
	if a.table, err = ebpf.NewMap(&ebpf.MapSpec{Name: "processes", Type: ebpf.Hash, KeySize: 16, ValueSize: 16, MaxEntries: processes}); err != nil {
		return nil, fmt.Errorf("make table: %w", err)
	}
	if a.ring, err = ebpf.NewMap(&ebpf.MapSpec{Name: "events", Type: ebpf.RingBuf, MaxEntries: size}); err != nil {
		return nil, errors.Join(fmt.Errorf("make ring buffer: %w", err), a.Close())
	}
	if a.events, err = ringbuf.NewReader(a.ring); err != nil {
		return nil, errors.Join(fmt.Errorf("open ring buffer: %w", err), a.Close())
	}
	return a, nil
}

// Run tells of the start of each process, until Close.
func (a *Agent) Run(started func(Process, Name)) error {
	for {
		record, err := a.events.Read()
		switch {
		case errors.Is(err, ringbuf.ErrClosed):
			return nil
		case err != nil:
			return fmt.Errorf("read event: %w", err)
		}
		var e Event
		if _, err := binary.Decode(record.RawSample, binary.NativeEndian, &e); err != nil {
			return fmt.Errorf("decode event of %d bytes: %w", len(record.RawSample), err)
		}
		if err := a.handle(e, started); err != nil {
			return err
		}
	}
}

// handle looks a process up, or removes it. One that is not in the table has ended without a word, as the ring was full: it has no name.
func (a *Agent) handle(e Event, started func(Process, Name)) error {
	key := a.key(e.Process)
	if e.Ended != 0 {
		if err := a.table.Delete(key); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
			return fmt.Errorf("remove process %d: %w", e.PID, err)
		}
		return nil
	}
	var name Name
	if err := a.table.Lookup(key, &name); err != nil && !errors.Is(err, ebpf.ErrKeyNotExist) {
		return fmt.Errorf("find process %d: %w", e.PID, err)
	}
	started(e.Process, name)
	return nil
}

// Close ends Run.
func (a *Agent) Close() error {
	var errs []error
	if a.events != nil {
		errs = append(errs, a.events.Close())
	}
	return errors.Join(append(errs, a.ring.Close(), a.table.Close())...)
}
