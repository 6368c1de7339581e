package proptest

// paper is what programs are written on: memory in large pieces, because a program consists of many small ones.
type paper struct {
	blank []byte
	lines []Write
}

// bytes are n bytes, zeroed, that nobody else has.
func (p *paper) bytes(n int) []byte {
	const sheet = 4096
	if n > len(p.blank) {
		p.blank = make([]byte, max(n, sheet))
	}
	b := p.blank[:n:n]
	p.blank = p.blank[n:]
	return b
}

// writes are none, with room for two: hardly a call has more.
func (p *paper) writes() []Write {
	const room, sheet = 2, 64
	if len(p.lines) < room {
		p.lines = make([]Write, sheet)
	}
	w := p.lines[:0:room]
	p.lines = p.lines[room:]
	return w
}

// write makes c set memory.
func (d *drafter) write(c *Call, addr uint64, b []byte) {
	if c.Memory == nil {
		c.Memory = d.paper.writes()
	}
	c.Memory = append(c.Memory, Write{addr, b})
}
