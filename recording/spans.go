package recording

import (
	"cmp"
	"slices"

	"github.com/bpfsim/bpfsim/proptest/program"
)

// spans are pieces of memory in the order in which they were noted; what was noted later lies over what was before.
type spans []program.Write

// recent is how many of the last pieces are looked at for one that goes on here: a batch reads and writes two lists at a time.
const recent = 4

// note adds bytes, behind one of the last pieces where they follow it.
func (s *spans) note(addr uint64, p []byte) {
	if len(p) == 0 {
		return
	}
	for i := len(*s) - 1; i >= max(0, len(*s)-recent); i-- {
		if w := &(*s)[i]; w.Addr+uint64(len(w.Bytes)) == addr {
			w.Bytes = append(w.Bytes, p...)
			return
		}
	}
	*s = append(*s, program.Write{Addr: addr, Bytes: slices.Clone(p)})
}

// ordered are the pieces ascending by address, none of which touches another.
func (s spans) ordered() []program.Write {
	var all []program.Write
	for _, w := range s {
		all = over(all, w)
	}
	return joined(all)
}

// over lays w over pieces that do not overlap, and keeps them ascending.
func over(all []program.Write, w program.Write) []program.Write {
	end := w.Addr + uint64(len(w.Bytes))
	from, _ := slices.BinarySearchFunc(all, w.Addr, func(p program.Write, addr uint64) int { return cmp.Compare(p.Addr+uint64(len(p.Bytes)), addr+1) })
	to := from
	laid := []program.Write{w}
	for ; to < len(all) && all[to].Addr < end; to++ {
		p := all[to]
		if p.Addr < w.Addr {
			laid = slices.Insert(laid, 0, program.Write{Addr: p.Addr, Bytes: p.Bytes[:w.Addr-p.Addr]})
		}
		if rest := p.Addr + uint64(len(p.Bytes)); rest > end {
			laid = append(laid, program.Write{Addr: end, Bytes: p.Bytes[end-p.Addr:]})
		}
	}
	return slices.Replace(all, from, to, laid...)
}

// joined makes one piece of those that touch.
func joined(all []program.Write) (out []program.Write) {
	for _, w := range all {
		if n := len(out); n > 0 && out[n-1].Addr+uint64(len(out[n-1].Bytes)) == w.Addr {
			out[n-1].Bytes = append(slices.Clip(out[n-1].Bytes), w.Bytes...)
			continue
		}
		out = append(out, w)
	}
	return out
}

// without are the parts of size bytes at addr of which no piece has anything: offsets from and to.
func without(all []program.Write, addr uint64, size int) (parts [][2]int) {
	at := 0
	for _, w := range all {
		from, end := int64(w.Addr-addr), int64(w.Addr-addr)+int64(len(w.Bytes))
		if end <= int64(at) || from >= int64(size) {
			continue
		}
		if from > int64(at) {
			parts = append(parts, [2]int{at, int(from)})
		}
		at = int(min(end, int64(size)))
	}
	if at < size {
		parts = append(parts, [2]int{at, size})
	}
	return parts
}
