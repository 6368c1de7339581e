package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
)

// Agent is the three programs, loaded, and what they tell.
type Agent struct {
	objects bpfObjects
	links   []link.Link
	events  *ringbuf.Reader
}

// Event is the start or the end of a process.
type Event struct {
	PID, UID uint32
	Command  string
	Ended    bool
}

// Load loads the programs. Of users below minUID they will tell nothing.
func Load(minUID uint32) (*Agent, error) {
	spec, err := loadBpf()
	if err != nil {
		return nil, err
	}
	if err := spec.Variables[bpfVarMinUid].Set(minUID); err != nil {
		return nil, fmt.Errorf("set the least user id: %w", err)
	}
	a := &Agent{}
	if err := spec.LoadAndAssign(&a.objects, nil); err != nil {
		return nil, fmt.Errorf("load programs: %w", err)
	}
	if a.events, err = ringbuf.NewReader(a.objects.Events); err != nil {
		return nil, errors.Join(fmt.Errorf("open ring buffer: %w", err), a.Close())
	}
	return a, nil
}

// Attach attaches the programs: to the start and the end of processes, and to what an interface receives.
func (a *Agent) Attach(ifindex int) error {
	started, err := link.AttachRawTracepoint(link.RawTracepointOptions{Name: "sched_process_exec", Program: a.objects.Started})
	if err != nil {
		return fmt.Errorf("attach to starts: %w", err)
	}
	a.links = append(a.links, started)
	ended, err := link.KprobeMulti(a.objects.Ended, link.KprobeMultiOptions{Symbols: []string{"do_exit"}})
	if err != nil {
		return fmt.Errorf("attach to ends: %w", err)
	}
	a.links = append(a.links, ended)
	count, err := link.AttachXDP(link.XDPOptions{Program: a.objects.Count, Interface: ifindex, Flags: link.XDPGenericMode})
	if err != nil {
		return fmt.Errorf("attach to interface %d: %w", ifindex, err)
	}
	a.links = append(a.links, count)
	return nil
}

// Close detaches and unloads everything. A Read that waits ends with os.ErrClosed.
func (a *Agent) Close() error {
	var errs []error
	for _, l := range a.links {
		errs = append(errs, l.Close())
	}
	if a.events != nil {
		errs = append(errs, a.events.Close())
	}
	return errors.Join(append(errs, a.objects.Close())...)
}

// Read waits for the next event; os.ErrClosed after Close.
func (a *Agent) Read() (Event, error) {
	record, err := a.events.Read()
	if err != nil {
		if errors.Is(err, ringbuf.ErrClosed) {
			err = os.ErrClosed
		}
		return Event{}, err
	}
	var e bpfEvent
	if err := binary.Read(bytes.NewReader(record.RawSample), binary.NativeEndian, &e); err != nil {
		return Event{}, fmt.Errorf("decode event of %d bytes: %w", len(record.RawSample), err)
	}
	command, _, _ := bytes.Cut(e.Command[:], []byte{0})
	return Event{PID: e.Pid, UID: e.Uid, Command: string(command), Ended: e.What != 0}, nil
}

// Mute makes the programs silent about a command.
func (a *Agent) Mute(command string) error {
	var key bpfCommand
	copy(key.Name[:len(key.Name)-1], command)
	return a.objects.Muted.Put(key, uint8(1))
}

// Pause makes the programs silent, or lets them speak again.
func (a *Agent) Pause(on bool) error { return a.objects.Paused.Set(on) }

// Lost is how many events found no room.
func (a *Agent) Lost() (n uint64, err error) {
	err = a.objects.Lost.Get(&n)
	return n, err
}

// Peers is who sent how much.
func (a *Agent) Peers() (map[netip.Addr]bpfTraffic, error) {
	var address [4]byte
	var traffic bpfTraffic
	peers := make(map[netip.Addr]bpfTraffic)
	all := a.objects.Peers.Iterate()
	for all.Next(&address, &traffic) {
		peers[netip.AddrFrom4(address)] = traffic
	}
	return peers, all.Err()
}

// Packets is how many packets of an IP protocol came, on all CPUs.
func (a *Agent) Packets(protocol uint8) (uint64, error) {
	var perCPU []uint64
	if err := a.objects.Protocols.Lookup(uint32(protocol), &perCPU); err != nil {
		return 0, err
	}
	var sum uint64
	for _, n := range perCPU {
		sum += n
	}
	return sum, nil
}
