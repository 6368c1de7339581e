package campaign

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// linkMutants are those of links and of what is attached.
var linkMutants = map[string]mutant{
	"a link does not hold its program": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.LinkCreate && o.Errno == abi.OK {
			linkOf(k, o.Ret).Program().Release()
		}
		return o
	}},
	"a closed link stays": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.LinkCreate && o.Errno == abi.OK {
			linkOf(k, o.Ret).Hold()
		}
		return o
	}},
	"a link's attach type is another":   {call: pokeLink(abi.LinkInfoKind + 8)},
	"a link's program is another":       {call: pokeLink(abi.LinkInfoProgID)},
	"a detached link keeps its cgroup":  {call: pokeLink(abi.LinkInfoKind)},
	"a detached link takes a program":   {call: instead(when(abi.LinkUpdate, abi.ENOLINK), abi.OK)},
	"another old program is ENOENT":     {call: instead(when(abi.LinkUpdate, abi.EPERM), abi.ENOENT)},
	"no cgroup is EINVAL":               {call: instead(when(abi.LinkCreate, abi.EBADF), abi.EINVAL)},
	"revisions do not matter":           {call: instead(when(abi.ProgAttach, abi.ESTALE), abi.EINVAL)},
	"an absent neighbour is EINVAL":     {call: instead(when(abi.LinkCreate, abi.ENOENT), abi.EINVAL)},
	"a cgroup without programs: EINVAL": {call: instead(when(abi.ProgDetach, abi.ENOENT), abi.EINVAL)},
	"ways of attaching mix":             {call: instead(when(abi.ProgAttach, abi.EPERM), abi.EINVAL)},
	"a query tells no revision": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if c.Cmd == abi.ProgQuery && c.Size == 64 {
			c.Size = 56
		}
		return k.Bpf(cpu, c, during)
	}},
	"one program too many": {call: afterwards(abi.ProgQuery, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		poke(k, c.Attr+24, 1)
	})},
	"the order of programs is another": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		const before, after = 8, 16
		b := k.Arena().Span(c.Attr+abi.LinkCreateFlags, 4, program.ToWrite)
		if c.Cmd != abi.LinkCreate || len(b) < 4 || program.Word(b) != before && program.Word(b) != after {
			return k.Bpf(cpu, c, during)
		}
		flags := program.Word(b)
		program.PutWord(b, flags^before^after)
		defer program.PutWord(b, flags)
		return k.Bpf(cpu, c, during)
	}},
	"a map that is bound is not held": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		if c.Cmd == abi.ProgBindMap && c.Size == 12 && mapOf(k, c, 4) != nil && programOf(k, int32(attrOf(k, c).Field(0, 4))) != nil {
			return kernel.Outcome{}
		}
		return k.Bpf(cpu, c, during)
	}},
	"a map that is bound stays when its program goes": {call: afterwards(abi.ProgBindMap, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		mapOf(k, c, 4).Hold()
	})},
}

func init() { maps.Copy(mutants, linkMutants) }

// linkOf is the link behind an fd, nil for none.
func linkOf(k *kernel.Sim, fd int32) *bpfsys.Link {
	file, _ := k.Process().Files.Get(fd)
	if file == nil {
		return nil
	}
	l, _ := file.Object().(*bpfsys.Link)
	return l
}

// pokeLink makes a field of what is told of links another one.
func pokeLink(offset uint64) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		a := attrOf(k, c)
		if linkOf(k, int32(a.Field(abi.InfoBPFFD, 4))) != nil && a.Field(abi.InfoLen, 4) == abi.LinkInfoSize {
			poke(k, a.Field(abi.InfoPtr, 8)+offset, 1)
		}
	})
}
