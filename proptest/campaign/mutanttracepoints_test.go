package campaign

import (
	"maps"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// tracepointMutants are those of links at raw tracepoints.
var tracepointMutants = map[string]mutant{
	"a tracepoint that does not exist: EINVAL":      {call: instead(when(abi.RawTracepointOpen, abi.ENOENT), abi.EINVAL)},
	"a tracepoint's name that faults: ENOENT":       {call: instead(when(abi.RawTracepointOpen, abi.EFAULT), abi.ENOENT)},
	"a program of another type at a raw tracepoint": {call: instead(when(abi.RawTracepointOpen, abi.EINVAL), abi.ENOENT)},
	"a link at a tracepoint is detached: EINVAL":    {call: instead(when(abi.LinkDetach, abi.EOPNOTSUPP), abi.EINVAL)},
	"a name without room for it is told":            {call: instead(when(abi.ObjGetInfoByFD, abi.ENOSPC), abi.OK)},
	"a name ends without its zero":                  {call: pokeLink(abi.LinkInfoKind + 8)},
	"a link that is no iterator's is no link":       {call: instead(when(abi.IterCreate, abi.EINVAL), abi.EBADF)},
	"what iterates over nothing: EINVAL":            {call: instead(when(abi.IterCreate, abi.EBADF), abi.EINVAL)},
	"a cookie is another":                           {call: pokeLink(abi.LinkInfoKind + 16)},
	"a link at a tracepoint does not hold its program": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.RawTracepointOpen && o.Errno == abi.OK {
			linkOf(k, o.Ret).Program().Release()
		}
		return o
	}},
	"a closed link at a tracepoint stays": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.RawTracepointOpen && o.Errno == abi.OK {
			linkOf(k, o.Ret).Hold()
		}
		return o
	}},
}

func init() { maps.Copy(mutants, tracepointMutants) }
