package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// grain is how much user memory is copied at a time when a call writes to it, in bytes.
const grain = 512

// user is user memory during a call: what it was before, and copies of the pages that the call has written.
type user struct {
	before Memory
	dirty  []page // behind its end are those of earlier calls, to be used again
	copied []byte // all that was read, so that reading allocates nothing
}

// start forgets the call before.
func (u *user) start(before Memory) {
	u.before, u.dirty, u.copied = before, u.dirty[:0], u.copied[:0]
}

// page is a written page: the index'th one of a region.
type page struct {
	region, index int
	bytes         []byte
}

// find is the region that holds addr and the offset in it, or -1.
func (u *user) find(addr uint64) (region, offset int) {
	for i := range u.before {
		r := &u.before[i]
		if addr-r.Addr < uint64(len(r.Bytes)) {
			return i, int(addr - r.Addr)
		}
	}
	return -1, 0
}

// at is the memory from offset to the end of its page, with what the call has written so far.
func (u *user) at(region, offset int) []byte {
	if p := u.written(region, offset/grain); p != nil {
		return p.bytes[offset%grain:]
	}
	return clip(u.before[region].Bytes, offset/grain)[offset%grain:]
}

// written is the index'th page of a region as the call has written it, nil when it has not.
func (u *user) written(region, index int) *page {
	for i := len(u.dirty) - 1; i >= 0; i-- { // mostly it is one of the last
		if p := &u.dirty[i]; p.index == index && p.region == region {
			return p
		}
	}
	return nil
}

// clip is the index'th page of b; the last one may be short.
func clip(b []byte, index int) []byte {
	return b[index*grain : min(len(b), (index+1)*grain)]
}

// own makes the page that holds offset writable.
func (u *user) own(region, offset int) {
	index, n := offset/grain, len(u.dirty)
	if u.written(region, index) != nil {
		return
	}
	u.dirty = slices.Grow(u.dirty, 1)[:n+1]
	p := &u.dirty[n]
	p.region, p.index = region, index
	p.bytes = append(p.bytes[:0], clip(u.before[region].Bytes, index)...)
}

// read copies n bytes in, as copy_from_user; false is a fault. The copy is valid until the call is over.
func (u *user) read(addr uint64, n int) ([]byte, bool) {
	p := u.prefix(addr, n)
	return p, len(p) == n
}

// prefix is up to n bytes, as many as lie before the first fault.
func (u *user) prefix(addr uint64, n int) []byte {
	from := len(u.copied)
	for got := 0; got < n; got = len(u.copied) - from {
		region, offset := u.find(addr + uint64(got))
		if region < 0 {
			break
		}
		src := u.at(region, offset)
		u.copied = append(u.copied, src[:min(len(src), n-got)]...)
	}
	return u.copied[from:len(u.copied):len(u.copied)]
}

// write copies p out, as copy_to_user: what lies before the fault is written (measured on 6.18); false is a fault.
func (u *user) write(addr uint64, p []byte) bool {
	for len(p) > 0 {
		region, offset := u.find(addr)
		if region < 0 || u.before[region].ReadOnly {
			return false
		}
		u.own(region, offset)
		n := copy(u.at(region, offset), p)
		addr, p = addr+uint64(n), p[n:]
	}
	return true
}

// writable reports whether all n bytes at addr can be written.
func (u *user) writable(addr uint64, n int) bool {
	for n > 0 {
		region, offset := u.find(addr)
		if region < 0 || u.before[region].ReadOnly {
			return false
		}
		run := min(n, len(u.before[region].Bytes)-offset)
		addr, n = addr+uint64(run), n-run
	}
	return true
}

// put stores v as put_user: one store, so a fault leaves all four bytes alone (measured on 6.18).
func (u *user) put(addr uint64, v uint32) bool {
	return u.writable(addr, 4) && u.writeWord(addr, v)
}

// writeWord copies v out.
func (u *user) writeWord(addr uint64, v uint32) bool {
	var b [4]byte
	binary.LittleEndian.PutUint32(b[:], v)
	return u.write(addr, b[:])
}

// compare tells where memory afterwards is not what the call should have left, "" when nowhere.
func (u *user) compare(r Result) string {
	if why := u.compareShapes(r.After); why != "" {
		return why
	}
	for i := range u.dirty {
		if p := &u.dirty[i]; !bytes.Equal(p.bytes, clip(r.After[p.region].Bytes, p.index)) {
			return u.differ(p.region, p.index, r.After)
		}
	}
	if r.Written == nil {
		return u.compareAll(r.After)
	}
	for _, s := range r.Written {
		if why := u.compareSpan(s, r.After); why != "" {
			return why
		}
	}
	return ""
}

func (u *user) compareShapes(after Memory) string {
	if len(after) != len(u.before) {
		return fmt.Sprintf("memory: %d regions before, %d after", len(u.before), len(after))
	}
	for i := range u.before {
		if a, b := &after[i], &u.before[i]; b.Addr != a.Addr || len(b.Bytes) != len(a.Bytes) {
			return fmt.Sprintf("memory: region %#x+%d before, %#x+%d after", b.Addr, len(b.Bytes), a.Addr, len(a.Bytes))
		}
	}
	return ""
}

func (u *user) compareAll(after Memory) string {
	for _, r := range u.before {
		if why := u.compareSpan(Span{r.Addr, uint64(len(r.Bytes))}, after); why != "" {
			return why
		}
	}
	return ""
}

// compareSpan compares those pages that s touches and the call should not have written.
func (u *user) compareSpan(s Span, after Memory) string {
	region, offset := u.find(s.Addr)
	switch {
	case s.Size == 0:
		return ""
	case region < 0:
		return fmt.Sprintf("memory: written at %#x, which faults", s.Addr)
	}
	before, now := u.before[region].Bytes, after[region].Bytes
	last := (offset + int(s.Size) - 1) / grain
	for index := offset / grain; index <= last && index*grain < len(now); index++ {
		if u.written(region, index) == nil && !bytes.Equal(clip(before, index), clip(now, index)) {
			return u.differ(region, index, after)
		}
	}
	return ""
}

// differ names the first byte of a page that is not what the call should have left.
func (u *user) differ(region, index int, after Memory) string {
	want, saw := u.at(region, index*grain), clip(after[region].Bytes, index)
	i := 0
	for want[i] == saw[i] {
		i++
	}
	addr, end := u.before[region].Addr+uint64(index*grain+i), min(len(want), i+16)
	return fmt.Sprintf("memory at %#x: want % x, saw % x", addr, want[i:end], saw[i:end])
}
