package bpfsim_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// Whatever was put into a map and deleted again, a dump in pieces has each key once, with its value.
func FuzzDump(f *testing.F) {
	f.Add([]byte{1, 2, 3, 2 | 0x80, 9}, byte(3))
	f.Fuzz(func(t *testing.T, operations []byte, pieces byte) {
		user := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 2}))
		mem, want := user.Arena, map[byte]byte{}
		fd, _ := user.Do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 1, ValueSize: 1, MaxEntries: 128})
		key, value := mem.Alloc(1), mem.Alloc(1)
		for i, op := range operations {
			k := op &^ 0x80
			mem.Write(key, []byte{k})
			mem.Write(value, []byte{byte(i)})
			if want[k] = byte(i); op < 0x80 {
				user.Do(bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value})
			} else {
				user.Do(bpfsys.MapDeleteElem{FD: fd, Key: key})
				delete(want, k)
			}
		}
		// A dump writes as many elements as there is room for; the last key tells where the next one goes on.
		size := 2 * (1 + int(pieces)%8)
		buf, room, previous := mem.Alloc(size), mem.Alloc(4), uint64(0)
		for errno := abi.OK; errno == abi.OK; previous = key {
			mem.Write(room, []byte{byte(size), 0, 0, 0})
			_, errno = user.Do(bpfsys.MapDump{FD: fd, PrevKey: previous, Buf: buf, BufLen: room})
			for got := mem.Bytes(buf, int(mem.Bytes(room, 4)[0])); errno == abi.OK && len(got) > 0; got = got[2:] {
				if value, ok := want[got[0]]; !ok || value != got[1] {
					t.Fatalf("key %d has value %d in the dump; %d, %v", got[0], got[1], value, ok)
				}
				delete(want, got[0])
				mem.Write(key, got[:1])
			}
		}
		if len(want) > 0 {
			t.Fatalf("the dump has not %v", want)
		}
	})
}
