package replay

import (
	"slices"

	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// contents is a call's memory before it, by its places in the arena: what was read, and canaries where nothing was.
type contents struct {
	read   []program.Write
	pieces []program.Write // by their places in the arena
}

// canary is what nobody writes: an answer that leaves it where something was written when it was recorded is told from that.
func canary(i int) byte { return 0x80 | byte(i*37) }

func newContents(c *recording.Call, p *places) *contents {
	return &contents{read: slices.Concat([]program.Write{{Addr: c.Attr, Bytes: c.Contents}}, c.Memory)}
}

// cover fills all places. Those of pointers that led nowhere are known only when these were looked at.
func (m *contents) cover(p *places) {
	for _, place := range p.all {
		piece := program.Write{Addr: place.to, Bytes: make([]byte, place.size)}
		for i := range piece.Bytes {
			piece.Bytes[i] = canary(i)
		}
		for _, w := range m.read {
			if w.Addr >= place.from && w.Addr < place.end() {
				copy(piece.Bytes[w.Addr-place.from:], w.Bytes)
			}
		}
		m.pieces = append(m.pieces, piece)
	}
}

// at are n bytes at an address of the arena, nil where they are not in one piece.
func (m *contents) at(addr uint64, n int) []byte {
	for _, w := range m.pieces {
		if off := addr - w.Addr; addr >= w.Addr && off < uint64(len(w.Bytes)) && n <= len(w.Bytes)-int(off) {
			return w.Bytes[off:][:n]
		}
	}
	return nil
}

// writes is what a program writes: all pieces without attr, which the call has itself.
func (m *contents) writes(attr uint64, size int) (out []program.Write) {
	for _, w := range m.pieces {
		off := attr - w.Addr
		if attr < w.Addr || off >= uint64(len(w.Bytes)) {
			out = append(out, w)
			continue
		}
		if off > 0 {
			out = append(out, program.Write{Addr: w.Addr, Bytes: w.Bytes[:off]})
		}
		if end := int(off) + size; end < len(w.Bytes) {
			out = append(out, program.Write{Addr: w.Addr + uint64(end), Bytes: w.Bytes[end:]})
		}
	}
	return out
}
