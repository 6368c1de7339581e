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
	index := offset / grain
	u.dirty = append(u.dirty, page{region, index, bytes.Clone(clip(u.before[region].Bytes, index))})
}

// read copies n bytes in, as copy_from_user; false is a fault.
func (u *user) read(addr uint64, n int) ([]byte, bool) {
	p := u.prefix(addr, n)
	return p, len(p) == n
}

// prefix is up to n bytes, as many as lie before the first fault.
func (u *user) prefix(addr uint64, n int) []byte {
	var p []byte
	for len(p) < n {
		region, offset := u.find(addr + uint64(len(p)))
		if region < 0 {
			break
		}
		src := u.at(region, offset)
		p = append(p, src[:min(len(src), n-len(p))]...)
	}
	return p
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

// compare tells where after is not what the call should have left, "" when nowhere.
func (u *user) compare(after Memory) string {
	if len(after) != len(u.before) {
		return fmt.Sprintf("memory: %d regions before, %d after", len(u.before), len(after))
	}
	for i, r := range u.before {
		if why := u.compareRegion(i, r, after[i]); why != "" {
			return why
		}
	}
	return ""
}

func (u *user) compareRegion(i int, before, after Region) string {
	if before.Addr != after.Addr || len(before.Bytes) != len(after.Bytes) {
		return fmt.Sprintf("memory: region %#x+%d before, %#x+%d after", before.Addr, len(before.Bytes), after.Addr, len(after.Bytes))
	}
	for offset := 0; offset < len(before.Bytes); offset += grain {
		want, saw := u.at(i, offset), clip(after.Bytes, offset/grain)
		if !bytes.Equal(want, saw) {
			return differ(before.Addr+uint64(offset), want, saw)
		}
	}
	return ""
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
