package btf

import "iter"

// Variable is a global variable in the section that a map stands for; Offset and Size are bytes.
type Variable struct {
	Name         string
	Offset, Size uint32
}

// Variables are those of a DATASEC, in their order. Other types have none.
func (b *BTF) Variables(t *Type) iter.Seq[Variable] {
	return func(yield func(Variable) bool) {
		if t.Kind() != DataSec {
			return
		}
		for i := range t.vlen() {
			v := t.variable(i)
			if !yield(Variable{b.Name(b.Type(v.typ)), v.offset, v.size}) {
				return
			}
		}
	}
}
