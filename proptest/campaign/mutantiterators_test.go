package campaign

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// iteratorMutants are those of programs that iterate, of their links, and of what is opened of these.
var iteratorMutants = map[string]mutant{
	"an iterator over a map of another type: EBADF":  {call: instead(linksIter(abi.EINVAL), abi.EBADF)},
	"an iterator over no map: EINVAL":                {call: instead(linksIter(abi.EBADF), abi.EINVAL)},
	"a link's iterator iterates over something else": {call: instead(iterLink(abi.LinkUpdate, abi.EINVAL), abi.EOPNOTSUPP)},
	"a link of an iterator is detached":              {call: instead(iterLink(abi.LinkDetach, abi.EOPNOTSUPP), abi.OK)},
	"an iterator's link goes over another map":       {call: pokeLink(abi.LinkInfoKind + 12)},
	"what is iterated over has another number": {call: afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		a := attrOf(k, c)
		if programOf(k, int32(a.Field(abi.InfoBPFFD, 4))) != nil && a.Field(abi.InfoLen, 4) >= abi.ProgInfoAttachBTFID+4 {
			poke(k, a.Field(abi.InfoPtr, 8)+abi.ProgInfoAttachBTFID, 1)
		}
	})},
	"an open iterator keeps its link": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		l := linkOf(k, int32(attrOf(k, c).Field(0, 4)))
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.IterCreate && o.Errno == abi.OK {
			l.Hold()
		}
		return o
	}},
	"an open iterator does not hold its program": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if file, _ := k.Process().Files.Get(o.Ret); c.Cmd == abi.IterCreate && o.Errno == abi.OK {
			file.Object().(*bpfsys.Iter).Program().Release()
		}
		return o
	}},
}

func init() { maps.Copy(mutants, iteratorMutants) }

// linksIter matches LINK_CREATE of an iterator that is answered with errno.
func linksIter(errno abi.Errno) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == abi.LinkCreate && o.Errno == errno && attrOf(k, c).Field(abi.LinkCreateAttachType, 4) == uint64(abi.AttachTraceIter)
	}
}

// iterLink matches a command about the link of an iterator.
func iterLink(cmd abi.Cmd, errno abi.Errno) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		l := linkOf(k, int32(attrOf(k, c).Field(0, 4)))
		return c.Cmd == cmd && o.Errno == errno && l != nil && l.Type() == abi.LinkIter
	}
}
