package bpftest

import (
	"fmt"
	"syscall"

	"github.com/bpfsim/bpfsim/abi"
)

// Var is a global variable of a program's, in the map of its section (.data, .bss, .rodata) as the object file's BTF has it. It is the memory itself,
// which the agent finds by mapping or by looking the section up.
type Var struct {
	k       *Handle
	name    string
	section string
	size    int
}

// Var finds a global variable by its name. The test ends when no object that is loaded has one, or more than one.
func (k *Handle) Var(name string) *Var {
	k.t.Helper()
	a := k.await("find variable", request{Op: opVariable, Map: name})
	return &Var{k, name, a.Names[0], int(a.N)}
}

// Var is a global variable as the program sees it. The test ends when there is none of that name.
func (c *Context) Var(name string) *Var {
	c.prog.k.t.Helper()
	return c.prog.k.Var(name)
}

// Size is the variable's size in bytes.
func (v *Var) Size() int { return v.size }

// Section is the section that it is in, such as ".bss".
func (v *Var) Section() string { return v.section }

// Get copies the value to out, a pointer as in Map.Lookup to a value of the variable's size.
func (v *Var) Get(out any) error {
	v.k.t.Helper()
	a, err := helped(v.k.link, request{Op: opGet, Map: v.name})
	if err != nil {
		return v.wrong("get", err)
	}
	n, err := decode(out, a.Value)
	if err == nil && n != v.size {
		err = v.otherSize(out, n)
	}
	if err != nil && n == 0 {
		err = v.otherSize(out, sizeOf(out))
	}
	if err != nil {
		return v.wrong("get", err)
	}
	return nil
}

// Set sets the value, which is converted as those of Map and has to have the variable's size. What is in .rodata no program can write: EACCES, as the verifier says.
func (v *Var) Set(in any) error {
	v.k.t.Helper()
	value, err := encode(in)
	if err == nil && len(value) != v.size {
		err = v.otherSize(in, len(value))
	}
	if err != nil {
		return v.wrong("set", err)
	}
	a, err := helped(v.k.link, request{Op: opSet, Map: v.name, Value: value})
	if err == nil && a.Errno != abi.OK {
		err = fmt.Errorf("%w: programs cannot write to %s", syscall.Errno(a.Errno), v.section)
	}
	if err != nil {
		return v.wrong("set", err)
	}
	return nil
}

func (v *Var) wrong(what string, err error) error {
	return fmt.Errorf("%s variable %q: %w", what, v.name, err)
}

func (v *Var) otherSize(value any, size int) error {
	return fmt.Errorf("%T has %d bytes, the variable has %d, in %s", value, size, v.size, v.section)
}
