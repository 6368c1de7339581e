package campaign

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// Where attr of PROG_LOAD has the sizes of records.
const (
	funcRecSizeAt = 76
	lineRecSizeAt = 92
)

// recordMutants are those of what describes programs with the types of their BTF.
var recordMutants = map[string]mutant{
	"a program's types are others": {call: pokeTold(abi.ProgInfoBTFID, func(u program.Attr) bool { return u.Field(abi.ProgInfoBTFID, 4) != 0 })},
	"a function's record too many": {call: pokeTold(abi.ProgInfoNrFuncInfo, func(u program.Attr) bool {
		return u.Field(abi.ProgInfoNrFuncInfo, 4) == 2
	})},
	"lines come back with another file": {call: pokeRecord(abi.ProgInfoNrLineInfo, abi.ProgInfoLineInfo, 4)},
	"functions come back with others":   {call: pokeRecord(abi.ProgInfoNrFuncInfo, abi.ProgInfoFuncInfo, 4)},
	"a long record is EINVAL": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == abi.ProgLoad && o.Errno == abi.E2BIG && attrOf(k, c).Field(abi.ProgLoadFuncInfoCnt, 4) != 0
	}, abi.EINVAL)},
	"the known size of a record is not told": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		sizes := k.Arena().Span(c.Attr+funcRecSizeAt, 4, program.ToWrite)
		kept := uint64(0)
		if len(sizes) == 4 {
			kept = program.Word(sizes)
		}
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.ProgLoad && o.Errno == abi.E2BIG && len(sizes) == 4 {
			program.PutWord(sizes, kept)
		}
		return o
	}},
	"lines without order": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		a := attrOf(k, c)
		return c.Cmd == abi.ProgLoad && o.Errno == abi.EINVAL && a.Field(abi.ProgLoadLineInfoCnt, 4) == 2 && a.Field(lineRecSizeAt, 4) == 16
	}, abi.EFAULT)},
	"relocations are not looked at": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		relos := k.Arena().Span(c.Attr+abi.ProgLoadCoreReloCnt, 4, program.ToWrite)
		if c.Cmd == abi.ProgLoad && len(relos) == 4 {
			defer program.PutWord(relos, program.Word(relos))
			program.PutWord(relos, 0)
		}
		return k.Bpf(cpu, c, during)
	}},
	"a call of a function has its distance": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		list := k.Arena().Span(attrOf(k, c).Field(abi.InfoPtr, 8)+abi.ProgInfoXlated, 8, program.ToRead)
		if !askedForProgram(k, c) || len(list) < 8 {
			return
		}
		if code := k.Arena().Span(program.Word(list), 8, program.ToWrite); len(code) == 8 && code[0] == 0x85 {
			code[2] = 0
		}
	})},
	"attach_btf_id is not looked at": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		id := k.Arena().Span(c.Attr+abi.ProgLoadAttachBTFID, 4, program.ToWrite)
		if c.Cmd == abi.ProgLoad && len(id) == 4 {
			defer program.PutWord(id, program.Word(id))
			program.PutWord(id, 0)
		}
		return k.Bpf(cpu, c, during)
	}},
	"fd_array_cnt without fd_array is EINVAL": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		a := attrOf(k, c)
		return c.Cmd == abi.ProgLoad && o.Errno == abi.EFAULT && a.Field(abi.ProgLoadFDArrayCnt, 4) == 1 && a.Field(abi.ProgLoadFDArray, 8) == 0
	}, abi.EINVAL)},
}

func init() { maps.Copy(mutants, recordMutants) }

// pokeTold makes a field of what is told of a program another one, where the struct is as more says.
func pokeTold(offset uint64, more func(program.Attr) bool) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		at := attrOf(k, c).Field(abi.InfoPtr, 8)
		if askedForProgram(k, c) && more(program.Attr{Bytes: k.Arena().Span(at, abi.ProgInfoSize, program.ToRead)}) {
			poke(k, at+offset, 1)
		}
	})
}

// pokeRecord makes a word of the first record in a list another one.
func pokeRecord(count, list int, word uint64) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		info := program.Attr{Bytes: k.Arena().Span(attrOf(k, c).Field(abi.InfoPtr, 8), abi.ProgInfoSize, program.ToRead)}
		if askedForProgram(k, c) && info.Field(count, 4) > 0 {
			poke(k, info.Field(list, 8)+word, 1)
		}
	})
}
