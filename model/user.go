package model

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// grain is how much user memory is copied at a time when a call writes to it, in bytes.
const grain = 512

// user is user memory during a call: what it was before, and copies of the pages that the call has written.
type user struct {
	before Memory
	dirty  []page
	spare  [][]byte // pages of earlier calls, to be used again
	copied []byte   // all that was read, so that reading allocates nothing
}

// start forgets the call before.
func (u *user) start(before Memory) {
	for _, p := range u.dirty {
		u.spare = append(u.spare, p.bytes)
	}
	u.before, u.dirty, u.copied = before, u.dirty[:0], u.copied[:0]
}

// page is a written page: the index'th one of a region.
type page struct {
	region, index int
	bytes         []byte
}

// find is the region that holds addr and the offset in it, or -1.
func (u *user) find(addr uint64) (region, offset int) {
	for i, r := range u.before {
		if addr-r.Addr < uint64(len(r.Bytes)) {
			return i, int(addr - r.Addr)
		}
	}
	return -1, 0
}

// at is the memory from offset to the end of its page, with what the call has written so far.
func (u *user) at(region, offset int) []byte {
	for _, p := range u.dirty {
		if p.region == region && p.index == offset/grain {
			return p.bytes[offset%grain:]
		}
	}
	return clip(u.before[region].Bytes, offset/grain)[offset%grain:]
}

// clip is the index'th page of b; the last one may be short.
func clip(b []byte, index int) []byte {
	return b[index*grain : min(len(b), (index+1)*grain)]
}

// own makes the page that holds offset writable.
func (u *user) own(region, offset int) {
	for _, p := range u.dirty {
		if p.region == region && p.index == offset/grain {
			return
		}
	}
	index, copied := offset/grain, []byte(nil)
	if last := len(u.spare) - 1; last >= 0 {
		copied, u.spare = u.spare[last][:0], u.spare[:last]
	}
	u.dirty = append(u.dirty, page{region, index, append(copied, clip(u.before[region].Bytes, index)...)})
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
	return u.writable(addr, 4) && u.write(addr, le32(v))
}

// le32 is v in the byte order of x86 and arm64.
func le32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

// compare tells where memory afterwards is not what the call should have left, "" when nowhere.
func (u *user) compare(r Result) string {
	if why := u.compareShapes(r.After); why != "" {
		return why
	}
	if r.Written == nil {
		return u.compareAll(r.After)
	}
	for _, p := range u.dirty {
		if why := u.comparePage(p.region, p.index, r.After); why != "" {
			return why
		}
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
	for i, b := range u.before {
		if a := after[i]; b.Addr != a.Addr || len(b.Bytes) != len(a.Bytes) {
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

// compareSpan compares the pages that s touches.
func (u *user) compareSpan(s Span, after Memory) string {
	region, offset := u.find(s.Addr)
	switch {
	case s.Size == 0:
		return ""
	case region < 0:
		return fmt.Sprintf("memory: written at %#x, which faults", s.Addr)
	}
	last := (offset + int(s.Size) - 1) / grain
	for index := offset / grain; index <= last && index*grain < len(after[region].Bytes); index++ {
		if why := u.comparePage(region, index, after); why != "" {
			return why
		}
	}
	return ""
}

func (u *user) comparePage(region, index int, after Memory) string {
	want, saw := u.at(region, index*grain), clip(after[region].Bytes, index)
	if bytes.Equal(want, saw) {
		return ""
	}
	return differ(u.before[region].Addr+uint64(index*grain), want, saw)
}

// differ names the first byte in which saw is not want.
func differ(addr uint64, want, saw []byte) string {
	i := 0
	for want[i] == saw[i] {
		i++
	}
	end := min(len(want), i+16)
	return fmt.Sprintf("memory at %#x: want % x, saw % x", addr+uint64(i), want[i:end], saw[i:end])
}
