package btf_test

import "github.com/bpfsim/bpfsim/btf"

// specialSamples are valid BTF with fields that the kernel keeps for itself.
func specialSamples() map[string][]byte {
	return map[string][]byte{
		"lock":               locks(),
		"timers":             timers(),
		"pointers with tags": kptrs(),
		"lists":              lists(),
	}
}

// opaque adds a struct that holds so many words of the kernel's.
func opaque(b *btf.Builder, name string, word, size uint32) uint32 {
	return b.Struct(name, size, btf.Member{Name: "opaque", Type: word})
}

func locks() []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	lock := opaque(&b, "bpf_spin_lock", i, 4)
	b.Struct("value", 16, btf.Member{Name: "a", Type: i}, btf.Member{Name: "lock", Type: lock, Offset: 8})
	b.Struct("outer", 24, btf.Member{Name: "n", Type: i}, btf.Member{Name: "v", Type: 3, Offset: 8})
	other := opaque(&b, "bpf_res_spin_lock", i, 4)
	b.Struct("res", 8, btf.Member{Name: "lock", Type: other, Offset: 4})
	count := opaque(&b, "bpf_refcount", i, 4)
	b.Struct("counted", 8, btf.Member{Name: "count", Type: count, Offset: 4})
	return b.Bytes()
}

func timers() []byte {
	var b btf.Builder
	u64 := b.Int("u64", 8)
	timer := opaque(&b, "bpf_timer", u64, 16)
	wq := opaque(&b, "bpf_wq", u64, 16)
	work := opaque(&b, "bpf_task_work", u64, 8)
	b.Struct("value", 48, btf.Member{Name: "t", Type: timer}, btf.Member{Name: "w", Type: wq, Offset: 16},
		btf.Member{Name: "k", Type: work, Offset: 32}, btf.Member{Name: "n", Type: u64, Offset: 40})
	return b.Bytes()
}

func kptrs() []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	s := b.Struct("mine", 4, btf.Member{Name: "x", Type: i})
	con := b.Add(btf.Const, "", 0, s)
	owned := b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, "kptr", 0, s))
	weak := b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, "kptr_untrusted", 0, con))
	each := b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, "percpu_kptr", 0, s))
	array := b.Add(btf.Array, "", 0, 0, owned, i, 3)
	task := b.Struct("task_struct", 4, btf.Member{Name: "x", Type: i})
	kernels := b.Add(btf.Ptr, "", 0, b.Add(btf.TypeTag, "kptr", 0, task))
	vol := b.Add(btf.Volatile, "", 0, weak)
	b.Struct("value", 64, btf.Member{Name: "o", Type: owned}, btf.Member{Name: "w", Type: vol, Offset: 8},
		btf.Member{Name: "e", Type: each, Offset: 16}, btf.Member{Name: "a", Type: array, Offset: 24},
		btf.Member{Name: "t", Type: kernels, Offset: 48})
	b.Struct("outer", 72, btf.Member{Name: "v", Type: 14, Offset: 8})
	return b.Bytes()
}

func lists() []byte {
	var b btf.Builder
	u64 := b.Int("u64", 8)
	i := b.Int("int", 4)
	lock := opaque(&b, "bpf_spin_lock", i, 4)
	head := opaque(&b, "bpf_list_head", u64, 16)
	node := opaque(&b, "bpf_list_node", u64, 24)
	root := opaque(&b, "bpf_rb_root", u64, 16)
	branch := opaque(&b, "bpf_rb_node", u64, 32)
	b.Struct("item", 40, btf.Member{Name: "n", Type: node}, btf.Member{Name: "x", Type: u64, Offset: 24})
	b.Struct("leaf", 40, btf.Member{Name: "n", Type: branch}, btf.Member{Name: "x", Type: u64, Offset: 32})
	value := b.Struct("value", 40, btf.Member{Name: "h", Type: head}, btf.Member{Name: "r", Type: root, Offset: 16},
		btf.Member{Name: "l", Type: lock, Offset: 32})
	b.Add(btf.DeclTag, "contains:item:n", 0, value, 0)
	b.Add(btf.DeclTag, "contains:leaf:n", 0, value, 1)
	return b.Bytes()
}
