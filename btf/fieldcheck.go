package btf

import "github.com/bpfsim/bpfsim/abi"

// checkField looks at what a field refers to. That a pointer owns a struct of the kernel which has no destructor, ENOENT on
// Linux, is not found out: which structs a kernel has is not known here.
func (b *BTF) checkField(f Field) abi.Errno {
	switch f.Kind {
	case ListHead:
		return b.checkRoot(f, "bpf_list_node")
	case RBRoot:
		return b.checkRoot(f, "bpf_rb_node")
	}
	return abi.OK
}

const nodeAlign = 8

// checkRoot follows btf_parse_graph_root: the named member is a node of the right kind.
func (b *BTF) checkRoot(f Field, nodeType string) abi.Errno {
	t, found := b.Type(f.target), false
	for i := range t.vlen() {
		m := t.member(i)
		if string(b.shown(m.name)) != f.node {
			continue
		}
		node := b.Type(m.typ)
		if found || node.Kind() != Struct || string(b.shown(node.name)) != nodeType || node.bits(m)%(8*nodeAlign) != 0 {
			return abi.EINVAL
		}
		found = true
	}
	if !found {
		return abi.ENOENT
	}
	return abi.OK
}
