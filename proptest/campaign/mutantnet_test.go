package campaign

import (
	"maps"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// netMutants are those of what is attached to the network.
var netMutants = map[string]mutant{
	"XDP: a device runs many programs":        {call: instead(atPlace(abi.LinkCreate, abi.EBUSY, abi.AttachXDP), abi.EEXIST)},
	"XDP: modes go together":                  {call: instead(atPlace(abi.LinkCreate, abi.EEXIST, abi.AttachXDP), abi.EBUSY)},
	"XDP: no device is ENODEV":                {call: instead(atPlace(abi.LinkCreate, abi.EINVAL, abi.AttachXDP), abi.ENODEV)},
	"XDP: lo has a driver":                    {call: instead(atPlace(abi.LinkCreate, abi.EOPNOTSUPP, abi.AttachXDP), abi.EINVAL)},
	"TCX: no device is EINVAL":                {call: instead(atPlace(abi.LinkCreate, abi.ENODEV, abi.AttachTCXIngress), abi.EINVAL)},
	"TCX: a program twice":                    {call: instead(atPlace(abi.LinkCreate, abi.EEXIST, abi.AttachTCXIngress), abi.EBUSY)},
	"TCX: flags that disagree are EINVAL":     {call: instead(atPlace(abi.LinkCreate, abi.ERANGE, abi.AttachTCXIngress), abi.EINVAL)},
	"TCX: a link's program is detached":       {call: instead(atPlace(abi.ProgDetach, abi.EBUSY, abi.AttachTCXIngress), abi.ENOENT)},
	"TCX: revisions are not told":             {call: forgetQuery(abi.AttachTCXIngress, 56)},
	"TCX: links are not told":                 {call: forgetQuery(abi.AttachTCXIngress, 40)},
	"netfilter: a priority twice":             {call: instead(atPlace(abi.LinkCreate, abi.EBUSY, abi.AttachNetfilter), abi.EEXIST)},
	"netfilter: a hook too many is EINVAL":    {call: instead(atPlace(abi.LinkCreate, abi.EPROTO, abi.AttachNetfilter), abi.EINVAL)},
	"netfilter: a priority without fragments": {call: instead(atPlace(abi.LinkCreate, abi.ERANGE, abi.AttachNetfilter), abi.EINVAL)},
	"netfilter: links take programs":          {call: instead(when(abi.LinkUpdate, abi.EOPNOTSUPP), abi.EINVAL)},
	"netns: two dissectors":                   {call: instead(atPlace(abi.LinkCreate, abi.E2BIG, abi.AttachFlowDissector), abi.EEXIST)},
	"netns: links beside a program":           {call: instead(atPlace(abi.LinkCreate, abi.EEXIST, abi.AttachFlowDissector), abi.E2BIG)},
	"netns: a query writes as much as there is": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		at, list := abi.AttachType(attrOf(k, c).Field(4, 4)), attrOf(k, c).Field(16, 8)
		kept := append([]byte(nil), k.Arena().Span(list+4, 4, program.ToRead)...)
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.ProgQuery && o.Errno == abi.OK && (at == abi.AttachFlowDissector || at == abi.AttachSKLookup) {
			copy(k.Arena().Span(list+4, 4, program.ToWrite), kept)
		}
		return o
	}},
	"a device's number is another": {told: func(text string) string {
		return strings.Replace(text, "ifindex:\t2", "ifindex:\t1", 1)
	}},
}

func init() { maps.Copy(mutants, netMutants) }

// atPlace matches an errno of LINK_CREATE, PROG_ATTACH or PROG_DETACH at an attach type.
func atPlace(cmd abi.Cmd, errno abi.Errno, at abi.AttachType) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == cmd && o.Errno == errno && abi.AttachType(attrOf(k, c).Field(abi.LinkCreateAttachType, 4)) == at
	}
}

// forgetQuery takes the list, or the number, away from the answer of PROG_QUERY that an offset of attr is about.
func forgetQuery(at abi.AttachType, offset uint64) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		field := k.Arena().Span(c.Attr+offset, 8, program.ToWrite)
		if c.Cmd != abi.ProgQuery || len(field) < 8 || abi.AttachType(attrOf(k, c).Field(4, 4)) != at {
			return k.Bpf(cpu, c, during)
		}
		defer program.PutWord(field, program.Word(field))
		program.PutWord(field, 0)
		return k.Bpf(cpu, c, during)
	}
}
