package bpftest

import (
	"fmt"

	"github.com/bpfsim/bpfsim/syscall"
)

// Context is what a program runs on: its context, the packet, the CPU.
type Context struct {
	// Ctx is the context: struct __sk_buff, struct xdp_md, the record of a tracepoint and so on. What is written to it the caller of
	// PROG_TEST_RUN gets back as far as Linux gives it back.
	Ctx []byte
	// Data is the packet, of programs on packets; its bytes and its length may be changed.
	Data []byte

	prog *Prog
}

// Packet is a packet together with the context that goes with it: struct __sk_buff or xdp_md, in the host's byte order.
type Packet struct {
	Data []byte
	Ctx  []byte
}

// context makes what the program runs on out of what a test fires it with.
func (p *Prog) context(input any) (*Context, error) {
	c := &Context{prog: p}
	if packet, ok := input.(Packet); ok {
		c.Data, c.Ctx = packet.Data, packet.Ctx
		return c, nil
	}
	bytes, err := encode(input)
	if err != nil {
		return nil, fmt.Errorf("input: %w", err)
	}
	if context := bpfsys.PacketContext(p.shape.Type, bytes); context != nil {
		c.Data, c.Ctx = bytes, context
		return c, nil
	}
	c.Ctx = bytes
	return c, nil
}

// CPU is the CPU on which the program runs.
func (c *Context) CPU() int { return c.prog.cpu }

// Prog is the program that runs.
func (c *Context) Prog() *Prog { return c.prog }

// Cookie is the number that the program was attached with (bpf_get_attach_cookie).
func (c *Context) Cookie() uint64 { return c.prog.shape.Cookie }

// Map is a map as the program sees it on its CPU. The test ends when there is none of that name.
func (c *Context) Map(name string) *Map {
	c.prog.k.t.Helper()
	m := c.prog.k.Map(name)
	m.cpu = c.prog.cpu
	return m
}

// Read reads the context into a value, as a program that casts its ctx to a struct: out is a pointer as in Map.Lookup. The context may be
// longer.
func (c *Context) Read(out any) {
	c.prog.k.t.Helper()
	if _, err := decode(out, c.Ctx); err != nil {
		c.prog.k.t.Fatalf("bpftest: read context of program %q: %v", c.prog.shape.Name, err)
	}
}
