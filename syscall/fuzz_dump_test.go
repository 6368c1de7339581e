package bpfsys_test

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// Whatever was put into a map and deleted again, a dump in pieces has each key once, with its value.
func FuzzDump(f *testing.F) {
	f.Add([]byte{1, 2, 3, 2 + 128, 9})
	f.Fuzz(func(t *testing.T, operations []byte) {
		user := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 2}))
		mem, want, got := user.Arena, map[byte]byte{}, map[byte]byte{} // user memory at made-up addresses
		fd, _ := user.Do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 1, ValueSize: 1, MaxEntries: 128})
		key, value, buf, room := mem.Alloc(1), mem.Put([]byte{7}), mem.Alloc(6), mem.Alloc(4)
		for _, op := range operations {
			mem.Write(key, []byte{op % 128})
			if want[op%128] = 7; op < 128 {
				user.Do(bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value})
			} else {
				user.Do(bpfsys.MapDeleteElem{FD: fd, Key: key})
				delete(want, op%128)
			}
		}
		for previous, errno := uint64(0), abi.OK; errno == abi.OK; previous = key { // three elements at a time
			mem.Write(room, []byte{6, 0, 0, 0})
			_, errno = user.Do(bpfsys.MapDump{FD: fd, PrevKey: previous, Buf: buf, BufLen: room})
			for part := mem.Bytes(buf, int(mem.Bytes(room, 4)[0])); errno == abi.OK && len(part) > 0; part = part[2:] {
				require.NotContains(t, got, part[0], "a key comes twice")
				got[part[0]] = part[1]
				mem.Write(key, part[:1])
			}
		}
		require.Equal(t, want, got)
	})
}
