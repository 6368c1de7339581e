package replay

import (
	"bytes"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// Kernel makes calls as steps of a program, on a kernel that runs those: Linux.
type Kernel struct {
	on      kernel.Kernel
	settler *settler
}

// NewKernel has calls made on k.
func NewKernel(k kernel.Kernel) *Kernel { return &Kernel{on: k} }

// roomBeside is the memory that programs have beside the arena, in bytes.
const roomBeside = 16 << 20

// Name is the kernel's.
func (k *Kernel) Name() string { return k.on.Name() }

// confined is a kernel whose calls are made on one thread.
type confined interface{ Confine(f func()) }

func (k *Kernel) confine(f func()) {
	if c, ok := k.on.(confined); ok {
		c.Confine(f)
		return
	}
	f()
}

// Start begins a program.
func (k *Kernel) Start(h recording.Header) (err error) {
	k.settler = newSettler(h, roomBeside)
	k.confine(func() { err = k.on.Start(k.settler.machine) })
	return err
}

// Call makes a step of a call.
func (k *Kernel) Call(c *recording.Call) (a Answer, why string) {
	t, err := k.settler.call(c)
	if err != nil {
		return Answer{}, err.Error()
	}
	var out kernel.Outcome
	k.confine(func() { out = k.make(t) })
	k.settler.done(t, out.Errno == abi.OK)
	a = Answer{Ret: out.Ret, Errno: out.Errno, Wrote: k.wrote(c, t)}
	if out.Errno == abi.OK && t.made != "" {
		a.Ret = c.Ret // fds are the program's
	}
	return a, ""
}

func (k *Kernel) make(t *settled) kernel.Outcome {
	for _, s := range t.before {
		k.step(s)
	}
	return k.step(t.step)
}

// step makes a step.
func (k *Kernel) step(s program.Step) kernel.Outcome {
	c, ok := s.Action.(*program.Call)
	if !ok {
		return kernel.Outcome{Errno: k.on.Do(s.CPU, s.Action.(program.Event))}
	}
	arena := k.on.Arena()
	arena.Poke(c.Attr, c.Contents)
	for _, w := range c.Memory {
		arena.Poke(w.Addr, w.Bytes)
	}
	return k.on.Bpf(s.CPU, *c, nil)
}

// wrote is what a call wrote, by the recorded addresses: where it wrote when it was recorded, and wherever else memory has changed.
func (k *Kernel) wrote(c *recording.Call, t *settled) (out []program.Write) {
	arena, call := k.on.Arena(), t.step.Action.(*program.Call)
	for _, p := range t.undo {
		if to, ok := t.places.find(p.at); ok && written(c, p.at, p.size) {
			if b := arena.Span(to, p.size, program.ToPoke); len(b) == p.size {
				program.PutWord(b, p.back(program.Word(b)))
			}
		}
	}
	for _, w := range c.Wrote {
		to, _ := t.places.find(w.Addr)
		out = append(out, program.Write{Addr: w.Addr, Bytes: bytes.Clone(arena.Span(to, len(w.Bytes), program.ToRead))})
	}
	before := append([]program.Write{{Addr: call.Attr, Bytes: call.Contents}}, call.Memory...)
	for _, place := range t.places.all {
		out = append(out, k.strays(c, place, before)...)
	}
	return out
}

// written reports whether a recorded call wrote all of size bytes.
func written(c *recording.Call, at uint64, size int) bool {
	for _, w := range c.Wrote {
		if at >= w.Addr && at+uint64(size) <= w.Addr+uint64(len(w.Bytes)) {
			return true
		}
	}
	return false
}

// strays are the bytes that changed in a place and did not when the call was recorded.
func (k *Kernel) strays(c *recording.Call, p place, before []program.Write) (out []program.Write) {
	now := k.on.Arena().Span(p.to, p.size, program.ToRead)
	was := make([]byte, p.size)
	for _, w := range before {
		for i, b := range w.Bytes {
			if off := w.Addr + uint64(i) - p.to; w.Addr+uint64(i) >= p.to && off < uint64(p.size) {
				was[off] = b
			}
		}
	}
	for i := range now {
		if at := p.from + uint64(i); now[i] != was[i] && !written(c, at, 1) {
			if n := len(out) - 1; n >= 0 && out[n].Addr+uint64(len(out[n].Bytes)) == at {
				out[n].Bytes = append(out[n].Bytes, now[i])
				continue
			}
			out = append(out, program.Write{Addr: at, Bytes: []byte{now[i]}})
		}
	}
	return out
}

// Event makes it happen.
func (k *Kernel) Event(e recording.Event) string {
	steps, why := k.settler.event(e)
	for _, s := range steps {
		k.confine(func() { k.step(s) })
	}
	return why
}
