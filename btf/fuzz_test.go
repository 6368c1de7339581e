package btf_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// No bytes make it panic, and the same bytes have the same answer.
func FuzzLoad(f *testing.F) {
	var b btf.Builder
	lock := b.Struct("bpf_spin_lock", 4, btf.Member{Name: "val", Type: b.Int("int", 4)})
	b.Struct("value", 16, btf.Member{Name: "lock", Type: lock, Offset: 8})
	b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, "kptr", 0, lock))
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		log, _ := btf.NewLog(1, true, 1<<12)
		types, errno := btf.Load(data, log)
		again, _ := btf.NewLog(1, true, 1<<12)
		_, same := btf.Load(data, again)
		require.Equal(t, errno, same)
		require.Equal(t, log.Text(), again.Text())
		if errno == abi.OK {
			lookAt(types)
		}
	})
}

// lookAt asks what a map asks of each type.
func lookAt(types *btf.BTF) {
	for id := uint32(0); types.Type(id) != nil; id++ {
		if t, _, _ := types.Sized(id); t != nil {
			t.IsInt32()
			record, _ := types.ValueRecord(t)
			types.Sound(record)
		}
	}
}
