package campaign

import (
	"maps"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// eventLinkMutants are those of links at perf events.
var eventLinkMutants = map[string]mutant{
	"a link at an event that has a program: EBUSY":     {call: instead(linksEvent(abi.EEXIST), abi.EBUSY)},
	"a link at what is no event: EINVAL":               {call: instead(linksEvent(abi.EBADF), abi.EINVAL)},
	"a link at an event that takes no program: ENOENT": {call: instead(linksEvent(abi.EINVAL), abi.ENOENT)},
	"a link tells of another kind of event":            {call: pokeEventLink(abi.LinkInfoKind)},
	"a link at an event has another cookie":            {call: pokeEventLink(abi.LinkInfoPerf + 16)},
	"an event of a link is told wrongly":               {told: func(text string) string { return strings.ReplaceAll(text, "event_type:\tevent", "event_type:\tevents") }},
	"a link does not hold its event": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.LinkCreate && o.Errno == abi.OK && linkOf(k, o.Ret).PerfEvent() != nil {
			linkOf(k, o.Ret).PerfEvent().Release()
		}
		return o
	}},
	"a program at an event stays when its link goes": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if c.Cmd == abi.LinkCreate && o.Errno == abi.OK && linkOf(k, o.Ret).PerfEvent() != nil {
			linkOf(k, o.Ret).Program().Hold()
		}
		return o
	}},
}

func init() { maps.Copy(mutants, eventLinkMutants) }

// linksEvent matches LINK_CREATE at a perf event that is answered with errno.
func linksEvent(errno abi.Errno) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == abi.LinkCreate && o.Errno == errno && attrOf(k, c).Field(abi.LinkCreateAttachType, 4) == uint64(abi.AttachPerfEvent)
	}
}

// pokeEventLink changes what info tells of a link at a perf event.
func pokeEventLink(offset uint64) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return afterwards(abi.ObjGetInfoByFD, abi.OK, func(k *kernel.Sim, _ int, c program.Call) {
		a := attrOf(k, c)
		l := linkOf(k, int32(a.Field(abi.InfoBPFFD, 4)))
		if l != nil && l.PerfEvent() != nil && a.Field(abi.InfoLen, 4) >= offset+4 {
			poke(k, a.Field(abi.InfoPtr, 8)+offset, 1)
		}
	})
}
