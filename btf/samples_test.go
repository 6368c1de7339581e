package btf_test

import (
	"maps"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/btf"
)

const kflag = 1 << 31

func info(k btf.Kind, vlen int) uint32 { return uint32(k)<<24 | uint32(vlen) }

func sampleNames() []string { return slices.Sorted(maps.Keys(samples())) }

// samples are valid BTF, of all kinds and of the ways by which types refer to each other.
func samples() map[string][]byte {
	all := map[string][]byte{
		"one int":    one(),
		"all kinds":  allKinds(),
		"bit fields": bitFields(),
		"pointers":   pointers(),
		"depth 31":   chain(31),
		"tags":       tags(),
		"long name":  longName(),
	}
	maps.Copy(all, specialSamples())
	return all
}

func one() []byte {
	var b btf.Builder
	b.Int("int", 4)
	return b.Bytes()
}

func allKinds() []byte {
	var b btf.Builder
	i := b.Int("int", 4)                                                                                                                           // 1
	u := b.Add(btf.Int, "u8", 0, 1, 4<<24|8)                                                                                                       // 2
	p := b.Add(btf.Ptr, "", 0, i)                                                                                                                  // 3
	a := b.Add(btf.Array, "", 0, 0, p, i, 3)                                                                                                       // 4
	s := b.Struct("s", 40, btf.Member{Name: "a", Type: a}, btf.Member{Name: "", Type: 7, Offset: 24}, btf.Member{Name: "f", Type: 17, Offset: 32}) // 5
	b.Add(btf.Union, "u", 2, 4, b.Name("x"), i, 0, b.Name("y"), u, 0)                                                                              // 6
	b.Add(btf.Enum, "e", 2, 4, b.Name("E0"), 0, b.Name("E1"), 0xffffffff)                                                                          // 7
	b.Add(btf.Fwd, "fwd", 0, 0)                                                                                                                    // 8
	b.Add(btf.Typedef, "t", 0, s)                                                                                                                  // 9
	b.Add(btf.Volatile, "", 0, 9)                                                                                                                  // 10
	b.Add(btf.Const, "", 0, 10)                                                                                                                    // 11
	b.Add(btf.Restrict, "", 0, p)                                                                                                                  // 12
	proto := b.Add(btf.FuncProto, "", 3, i, b.Name("p"), p, b.Name("s"), 11, 0, 0)                                                                 // 13
	f := b.Add(btf.Func, "fn", 1, proto)                                                                                                           // 14
	v := b.Add(btf.Var, "v", 0, 11, 1)                                                                                                             // 15
	b.Add(btf.DataSec, ".data", 1, 48, v, 4, 40)                                                                                                   // 16
	b.Add(btf.Float, "double", 0, 8)                                                                                                               // 17
	b.Add(btf.DeclTag, "tag", 0, f, 1)                                                                                                             // 18
	b.Add(btf.TypeTag, "user", 0, 11)                                                                                                              // 19
	b.AddInfo(kflag|info(btf.Enum64, 2), "e64", 8, b.Name("L0"), 1, 2, b.Name("L1"), 3, 0xffffffff)                                                // 20
	b.Add(btf.FuncProto, "", 0, 0)                                                                                                                 // 21
	b.Add(btf.DeclTag, "member", 0, s, 2)                                                                                                          // 22
	b.Add(btf.FuncProto, "", 1, 0, 0, 0)                                                                                                           // 23
	return b.Bytes()
}

func bitFields() []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	e := b.Add(btf.Enum, "e", 1, 4, b.Name("E0"), 7)
	t := b.Add(btf.Typedef, "t", 0, i)
	b.AddInfo(kflag|info(btf.Struct, 5), "s", 16, b.Name("a"), i, 3<<24, b.Name("b"), e, 5<<24|3, b.Name("c"), t, 9<<24|8,
		b.Name("d"), i, 32, b.Name("p"), 6, 64)
	odd := b.Add(btf.Int, "odd", 0, 4, 4<<16|7)
	b.Add(btf.Ptr, "", 0, i)
	b.Add(btf.Struct, "old", 2, 4, b.Name("a"), odd, 0, b.Name("b"), odd, 12)
	b.AddInfo(kflag|info(btf.Union, 2), "u", 8, b.Name("a"), i, 3<<24, b.Name("b"), 6, 0)
	b.AddInfo(kflag|info(btf.Fwd, 0), "fu", 0)
	b.AddInfo(kflag|info(btf.Enum, 1), "se", 1, b.Name("M"), 0x80000000)
	b.Add(btf.Enum64, "ue", 1, 4, b.Name("N"), 0x80000000, 0x80000000)
	return b.Bytes()
}

// pointers has structs that refer to themselves and to each other, and ways through pointers that come back.
func pointers() []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	b.Struct("node", 16, btf.Member{Name: "next", Type: 3}, btf.Member{Name: "other", Type: 7, Offset: 8}) // 2
	b.Add(btf.Ptr, "", 0, 4)                                                                               // 3
	b.Add(btf.Const, "", 0, 2)                                                                             // 4
	b.Struct("holder", 24, btf.Member{Name: "n", Type: 2}, btf.Member{Name: "f", Type: 8, Offset: 16})     // 5
	b.Add(btf.Array, "", 0, 0, 5, i, 2)                                                                    // 6
	b.Add(btf.Typedef, "array", 0, 9)                                                                      // 7
	b.Add(btf.Ptr, "", 0, 10)                                                                              // 8
	b.Add(btf.Ptr, "", 0, 6)                                                                               // 9
	b.Add(btf.FuncProto, "", 1, 0, b.Name("x"), 7)                                                         // 10
	b.Add(btf.Ptr, "", 0, 0)                                                                               // 11
	b.Add(btf.Const, "", 0, 0)                                                                             // 12
	b.Add(btf.Array, "", 0, 0, 11, i, 0)                                                                   // 13
	b.Struct("tail", 4, btf.Member{Name: "n", Type: i}, btf.Member{Name: "t", Type: 13, Offset: 4})        // 14
	b.Add(btf.Fwd, "unknown", 0, 0)                                                                        // 15
	b.Add(btf.Ptr, "", 0, 15)                                                                              // 16
	b.Add(btf.Func, "callback", 0, 10)                                                                     // 17
	return b.Bytes()
}

// chain is so many modifiers behind each other, from the last to the int.
func chain(n int) []byte {
	var b btf.Builder
	for i := range n {
		b.Add([]btf.Kind{btf.Const, btf.Volatile, btf.Restrict}[i%3], "", 0, uint32(i+2))
	}
	b.Int("int", 4)
	return b.Bytes()
}

func tags() []byte {
	var b btf.Builder
	i := b.Int("int", 4)
	b.Add(btf.TypeTag, "percpu", 0, i)
	b.Add(btf.TypeTag, "rcu", 0, 2)
	b.AddInfo(kflag|info(btf.TypeTag, 0), "attr", 4)
	b.Add(btf.Const, "", 0, i)
	b.Add(btf.Ptr, "", 0, 3)
	b.AddInfo(kflag|info(btf.DeclTag, 0), "d", 8, ^uint32(0))
	b.Add(btf.Typedef, "t", 0, 6)
	b.Add(btf.Var, "v", 0, 5, 0)
	b.Add(btf.DeclTag, "d", 0, 9, ^uint32(0))
	return b.Bytes()
}

// longName has a name that one message of the log does not hold.
func longName() []byte {
	var b btf.Builder
	i := b.Int(strings.Repeat("i", 512), 4)
	b.Add(btf.TypeTag, strings.Repeat("t", 1100), 0, i)
	return b.Bytes()
}
