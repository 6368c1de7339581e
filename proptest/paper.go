package proptest

// paper is what programs are written on: memory in large pieces, because a program consists of many small ones. The next
// program can be written over one that is not needed any more.
type paper struct {
	steps  []Step
	sheet  []byte
	used   int // bytes of the sheet
	lines  []Write
	taken  int // lines
	calls  []Call
	made   int // calls
	shapes []*draftMap
	shaped int // shapes

	maps []*draftMap // that should exist
	fds  []int32     // every fd that was ever made
}

// fresh is p, empty, to be written on again: the program on it is lost.
func (p *paper) fresh() *paper {
	p.steps, p.used, p.taken, p.made, p.shaped = p.steps[:0], 0, 0, 0, 0
	p.maps, p.fds = p.maps[:0], p.fds[:0]
	return p
}

// bytes are n bytes, zeroed, that nobody else has.
func (p *paper) bytes(n int) []byte {
	const sheet = 16 << 10
	if n > len(p.sheet)-p.used {
		p.sheet, p.used = make([]byte, max(n, sheet)), 0
	}
	b := p.sheet[p.used : p.used+n : p.used+n]
	p.used += n
	clear(b)
	return b
}

// writes are none, with room for two: hardly a call has more.
func (p *paper) writes() []Write {
	const room, sheet = 2, 256
	if room > len(p.lines)-p.taken {
		p.lines, p.taken = make([]Write, sheet), 0
	}
	w := p.lines[p.taken : p.taken : p.taken+room]
	p.taken += room
	return w
}

// blankCall is an empty call.
func (p *paper) blankCall() *Call {
	const sheet = 256
	if p.made == len(p.calls) {
		p.calls, p.made = make([]Call, sheet), 0
	}
	c := &p.calls[p.made]
	p.made++
	*c = Call{}
	return c
}

// blankMap is a map of which nothing is known yet.
func (p *paper) blankMap() *draftMap {
	if p.shaped == len(p.shapes) {
		p.shapes = append(p.shapes, new(draftMap))
	}
	m := p.shapes[p.shaped]
	p.shaped++
	*m = draftMap{recent: m.recent[:0]}
	return m
}

// write makes c set memory.
func (d *drafter) write(c *Call, addr uint64, b []byte) {
	if c.Memory == nil {
		c.Memory = d.writes()
	}
	c.Memory = append(c.Memory, Write{addr, b})
}
