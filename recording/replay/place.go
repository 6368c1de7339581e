package replay

import (
	"errors"
	"slices"

	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// place is where memory of a recorded call lies in an arena.
type place struct {
	from uint64 // as recorded
	to   uint64
	size int
}

func (p place) end() uint64 { return p.from + uint64(p.size) }

// places are those of one call, ascending by their recorded addresses.
type places struct {
	all    []place
	faults map[uint64]uint64 // where recorded accesses ended, and an address at which they do in the arena
	low    uint64            // next free address of the arena
	lowEnd uint64
	extra  uint64 // next free address beside it
	end    uint64
}

var (
	errFaults = errors.New("its memory ends in a way that cannot be had again")
	errRoom   = errors.New("it uses more memory than a replay has")
)

// apart is how far pieces lie from each other, and what their addresses are a multiple of: they keep the recorded ones' remainder.
const apart = 16

// newPlaces places all memory that a call read or wrote. Memory beside the arena has the given size.
func newPlaces(c *recording.Call, beside int) (*places, error) {
	p := &places{faults: map[uint64]uint64{}, low: program.Base, lowEnd: program.Base + program.GapPage*program.PageSize,
		extra: program.ExtraBase, end: program.ExtraBase + uint64(beside)}
	pieces := p.pieces(c)
	for _, f := range c.Faulted {
		if err := p.fault(f, &pieces); err != nil {
			return nil, err
		}
	}
	for _, piece := range pieces {
		if err := p.put(piece); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(p.all, func(a, b place) int {
		if a.from < b.from {
			return -1
		}
		return 1
	})
	return p, nil
}

// pieces are the pieces of memory that a call touches.
func (p *places) pieces(c *recording.Call) (all []place) {
	touched := slices.Concat(c.Memory, c.Wrote)
	if len(c.Contents) > 0 {
		touched = append(touched, program.Write{Addr: c.Attr, Bytes: c.Contents})
	}
	slices.SortFunc(touched, func(a, b program.Write) int {
		if a.Addr < b.Addr {
			return -1
		}
		return 1
	})
	for _, w := range touched {
		if n := len(all); n > 0 && w.Addr <= all[n-1].end() {
			all[n-1].size = max(all[n-1].size, int(w.Addr-all[n-1].from)+len(w.Bytes))
			continue
		}
		all = append(all, place{from: w.Addr, size: len(w.Bytes)})
	}
	return all
}

// fault lays the piece that ends at a fault before memory that is not there.
func (p *places) fault(f recording.Fault, pieces *[]place) error {
	if _, known := p.faults[f.Addr]; known {
		return nil
	}
	p.faults[f.Addr] = program.Base + program.GapPage*program.PageSize
	for i, piece := range *pieces {
		switch {
		case piece.from <= f.Addr && f.Addr < piece.end():
			return errFaults // it can be read but not written
		case piece.end() != f.Addr:
		case p.lowEnd == program.Base+program.GapPage*program.PageSize && piece.size < program.GapPage*program.PageSize/2:
			p.lowEnd -= uint64(piece.size)
			p.all = append(p.all, place{piece.from, p.lowEnd, piece.size})
			*pieces = slices.Delete(*pieces, i, i+1)
			return nil
		case p.end%program.PageSize == 0 && uint64(piece.size) <= p.end-p.extra:
			p.faults[f.Addr] = p.end
			p.end -= uint64(piece.size)
			p.all = append(p.all, place{piece.from, p.end, piece.size})
			*pieces = slices.Delete(*pieces, i, i+1)
			return nil
		default:
			return errFaults
		}
	}
	return nil
}

// put places a piece in the arena, or else beside it.
func (p *places) put(piece place) error {
	for _, room := range []struct{ next, end *uint64 }{{&p.low, &p.lowEnd}, {&p.extra, &p.end}} {
		at := (*room.next+apart-1)&^(apart-1) + piece.from%apart
		if at+uint64(piece.size)+apart <= *room.end {
			piece.to = at
			*room.next = at + uint64(piece.size) + apart
			p.all = append(p.all, piece)
			return nil
		}
	}
	return errRoom
}

// find is where a recorded address lies in the arena.
func (p *places) find(addr uint64) (uint64, bool) {
	for _, piece := range p.all {
		if piece.from <= addr && addr < piece.end() {
			return piece.to + (addr - piece.from), true
		}
	}
	return 0, false
}

// untouched is how much there is at the address of something that a call did not touch when it was recorded.
const untouched = 64

// pointer is what a recorded pointer points to in the arena.
func (p *places) pointer(addr uint64) (uint64, error) {
	if to, ok := p.find(addr); ok {
		return to, nil
	}
	if to, ok := p.faults[addr]; ok {
		return to, nil
	}
	if addr < program.PageSize || addr >= 1<<47 { // nothing is there on any machine
		return addr, nil
	}
	if err := p.put(place{from: addr, size: untouched}); err != nil {
		return 0, err
	}
	return p.all[len(p.all)-1].to, nil
}
