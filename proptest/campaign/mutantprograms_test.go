package campaign

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// programMutants are those of programs.
var programMutants = map[string]mutant{
	"a program does not hold its maps": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if p := programOf(k, o.Ret); c.Cmd == abi.ProgLoad && o.Errno == abi.OK && len(p.Maps()) > 0 {
			p.Maps()[0].Release()
		}
		return o
	}},
	"a closed program stays": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.ProgLoad && o.Errno == abi.OK {
			programOf(k, o.Ret).Hold()
		}
		return o
	}},
	"a tag is another":                     {call: pokeProgram(abi.ProgInfoTag)},
	"a name's first letter is another":     {call: pokeProgram(abi.ProgInfoName)},
	"every license is the GPL's":           {call: pokeProgram(abi.ProgInfoGPL)},
	"slots count as verified instructions": {call: pokeProgram(abi.ProgInfoVerifiedInsns)},
	"instructions are counted, not bytes":  {call: pokeProgram(abi.ProgInfoXlatedLen)},
	"ids of a program's maps one ahead": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		at := attrOf(k, c).Field(abi.InfoPtr, 8)
		if list := k.Arena().Span(at+abi.ProgInfoMapIDs, 8, program.ToRead); askedForProgram(k, c) && len(list) == 8 {
			poke(k, program.Word(list), 1)
		}
	})},
	"padding behind bpf_prog_info is left alone": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == abi.ObjGetInfoByFD && o.Errno == abi.E2BIG && attrOf(k, c).Field(abi.InfoLen, 4) == abi.ProgInfoSize
	}, abi.EFAULT)},
	"a program of BTF is EOPNOTSUPP":         {call: instead(when(abi.ProgLoad, abi.ENOTSUPP), abi.EOPNOTSUPP)},
	"an index without fd_array is EINVAL":    {call: instead(when(abi.ProgLoad, abi.EPROTO), abi.EINVAL)},
	"instructions that fault are EINVAL":     {call: instead(when(abi.ProgLoad, abi.EFAULT), abi.EINVAL)},
	"a program without instructions: EINVAL": {call: instead(when(abi.ProgLoad, abi.E2BIG), abi.EINVAL)},
	"log_true_size is left alone": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if b := k.Arena().Span(c.Attr+abi.ProgLoadTrueSize, 4, program.ToWrite); c.Cmd == abi.ProgLoad && len(b) == 4 {
			kept := program.Word(b)
			defer program.PutWord(b, kept+1)
		}
		return k.Bpf(cpu, c, during)
	}},
	"records of no BTF are EINVAL": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == abi.ProgLoad && o.Errno == abi.EBADF && attrOf(k, c).Field(abi.ProgLoadFuncInfoCnt, 4) != 0
	}, abi.EINVAL)},
	"a map of programs takes those of any place": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		a := attrOf(k, c)
		m := mapOf(k, c, abi.ElemMapFD)
		if c.Cmd != abi.MapUpdateElem || o.Errno != abi.EINVAL || m == nil || m.Spec().Type != abi.ProgArray || a.Field(abi.ElemFlags, 8) != abi.Any {
			return false
		}
		fd := k.Arena().Span(a.Field(abi.ElemValue, 8), 4, program.ToRead)
		p := programOf(k, int32(program.Word(fd)))
		return p != nil && p.Type() == abi.ProgXDP && p.AttachType() != 0
	}, abi.OK)},
	"programs by id with flags":   {call: instead(when(abi.ProgGetFDByID, abi.EINVAL), abi.ENOENT)},
	"a map of programs takes all": {call: instead(onType(abi.ProgArray, abi.MapUpdateElem, abi.EINVAL, always), abi.EBADF)},
	"a queue's program is EINVAL": {call: instead(onType(abi.CPUMap, abi.MapUpdateElem, abi.ENOMEM, always), abi.EINVAL)},
}

func init() { maps.Copy(mutants, programMutants) }

// programOf is the program behind an fd, nil for none.
func programOf(k *kernel.Sim, fd int32) *bpfsys.Program {
	file, _ := k.Process().Files.Get(fd)
	if file == nil {
		return nil
	}
	p, _ := file.Object().(*bpfsys.Program)
	return p
}

// askedForProgram reports whether a call asks for all of struct bpf_prog_info.
func askedForProgram(k *kernel.Sim, c program.Call) bool {
	a := attrOf(k, c)
	return programOf(k, int32(a.Field(abi.InfoBPFFD, 4))) != nil && a.Field(abi.InfoLen, 4) == abi.ProgInfoSize
}

// pokeProgram makes a field of what is told of programs another one.
func pokeProgram(offset uint64) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		if askedForProgram(k, c) {
			poke(k, attrOf(k, c).Field(abi.InfoPtr, 8)+offset, 1)
		}
	})
}
