package generator

import "github.com/bpfsim/bpfsim/proptest/program"

// Pool is the memory that programs are made of, in large pieces, because a program consists of many small ones. The next
// program can take the place of one that is not needed any more.
type Pool struct {
	steps  []program.Step
	block  []byte
	used   int // bytes of the block
	memory []program.Write
	set    int // of memory
	calls  []program.Call
	made   int // of calls
	shapes []*mapShape
	shaped int // of shapes

	maps                    []*mapShape    // that should exist
	fds                     []int32        // every fd that was ever made
	sockets, cgroups, tasks []int32        // of those the ones that Open made
	spaces                  []int32        // likewise, network namespaces
	btfs                    []*btfShape    // that should exist
	links                   []linkShape    // likewise
	programs                []programShape // likewise
	events                  []eventShape   // likewise
}

// reset is p, empty again: the program in it is lost.
func (p *Pool) reset() *Pool {
	p.steps, p.used, p.set, p.made, p.shaped = p.steps[:0], 0, 0, 0, 0
	p.maps, p.fds, p.btfs, p.sockets, p.cgroups = p.maps[:0], p.fds[:0], p.btfs[:0], p.sockets[:0], p.cgroups[:0]
	p.tasks, p.programs, p.links, p.events, p.spaces = p.tasks[:0], p.programs[:0], p.links[:0], p.events[:0], p.spaces[:0]
	return p
}

// bytes are n bytes, zeroed, that nobody else has.
func (p *Pool) bytes(n int) []byte {
	const block = 16 << 10
	if n > len(p.block)-p.used {
		p.block, p.used = make([]byte, max(n, block)), 0
	}
	b := p.block[p.used : p.used+n : p.used+n]
	p.used += n
	clear(b)
	return b
}

// blockLen is the number of calls, and of writes, that are allocated at once.
const blockLen = 256

// writes are none, with room for two: hardly a call has more.
func (p *Pool) writes() []program.Write {
	const room = 2
	if room > len(p.memory)-p.set {
		p.memory, p.set = make([]program.Write, blockLen), 0
	}
	w := p.memory[p.set : p.set : p.set+room]
	p.set += room
	return w
}

// newCall is an empty call.
func (p *Pool) newCall() *program.Call {
	if p.made == len(p.calls) {
		p.calls, p.made = make([]program.Call, blockLen), 0
	}
	c := &p.calls[p.made]
	p.made++
	*c = program.Call{}
	return c
}

// newMap is a map of which nothing is known yet.
func (p *Pool) newMap() *mapShape {
	if p.shaped == len(p.shapes) {
		p.shapes = append(p.shapes, new(mapShape))
	}
	m := p.shapes[p.shaped]
	p.shaped++
	*m = mapShape{recent: m.recent[:0]}
	return m
}

// write makes c set memory.
func (g *generator) write(c *program.Call, addr uint64, b []byte) {
	if c.Memory == nil {
		c.Memory = g.writes()
	}
	c.Memory = append(c.Memory, program.Write{Addr: addr, Bytes: b})
}
