package semantics

import "github.com/bpfsim/bpfsim/btf"

// types is the BTF that the verb btf loads: 1 is an integer of 4 bytes, 2 one of 8 bytes, 3 a bpf_spin_lock, 4 a struct of 8 bytes with a number
// in the first four and a lock behind it.
func types() []byte {
	var b btf.Builder
	word := b.Int("int", 4)
	b.Int("long", 8)
	lock := b.Struct("bpf_spin_lock", 4, btf.Member{Name: "__opaque", Type: word})
	b.Struct("locked", 8, btf.Member{Name: "n", Type: word}, btf.Member{Name: "lock", Type: lock, Offset: 4})
	return b.Bytes()
}
