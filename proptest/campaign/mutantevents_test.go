package campaign

import (
	stdmaps "maps"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// eventMutants are those of perf events and of the maps that hold them.
var eventMutants = map[string]mutant{
	"what came through a closed file stays":    {maps: events(func(a eventArray) maps.Map { return keepingEvents{a} })},
	"with one file of an array all is gone":    {maps: events(func(a eventArray) maps.Map { return losingEvents{a} })},
	"an array does not hold its events":        {maps: events(func(a eventArray) maps.Map { return careless{a} })},
	"an event that leaves an array stays":      {maps: events(func(a eventArray) maps.Map { return clinging{a} })},
	"an array takes events that are inherited": {call: instead(onType(abi.PerfEventArray, abi.MapUpdateElem, abi.EOPNOTSUPP, always), abi.EBADF)},
	"an array takes bpf objects for wrong": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		m := mapOf(k, c, abi.ElemMapFD)
		var value [4]byte
		k.Arena().Read(value[:], attrOf(k, c).Field(abi.ElemValue, 8))
		return c.Cmd == abi.MapUpdateElem && o.Errno == abi.EBADF && m != nil && m.Spec().Type == abi.PerfEventArray && k.Process().Files.IsOpen(int32(program.Word(value[:])))
	}, abi.EINVAL)},
	"the size that an attr should have is not told": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		b := k.Arena().Span(attrOf(k, c).Field(abi.PerfOpenAttr, 8)+abi.PerfAttrSizeField, 4, program.ToWrite)
		if c.Cmd != abi.PerfEventOpen || len(b) < 4 {
			return k.Bpf(cpu, c, during)
		}
		defer program.PutWord(b, program.Word(b))
		return k.Bpf(cpu, c, during)
	}},
	"whose events of the kernel are EPERM": {call: instead(when(abi.PerfEventOpen, abi.EACCES), abi.EPERM)},
	"nobody's process is EINVAL":           {call: instead(when(abi.PerfEventOpen, abi.ESRCH), abi.EINVAL)},
	"no leader of a group is EINVAL":       {call: instead(when(abi.PerfEventOpen, abi.EBADF), abi.EINVAL)},
	"ftrace:function is EINVAL":            {call: instead(when(abi.PerfEventOpen, abi.EPERM), abi.EINVAL)},
	"auxiliary output is EINVAL":           {call: instead(when(abi.PerfEventOpen, abi.EOPNOTSUPP), abi.EINVAL)},
	"groups do not matter": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		b := k.Arena().Span(c.Attr+abi.PerfOpenFlags, 8, program.ToWrite)
		if c.Cmd != abi.PerfEventOpen || len(b) < 8 || program.Word(b) >= abi.PerfFlagsEnd {
			return k.Bpf(cpu, c, during)
		}
		flags := program.Word(b)
		program.PutWord(b, flags|abi.PerfFlagNoGroup)
		defer program.PutWord(b, flags)
		return k.Bpf(cpu, c, during)
	}},
	"what samples has no period":    {call: instead(request(abi.PerfPeriod, abi.OK), abi.EINVAL)},
	"what only counts is refreshed": {call: instead(request(abi.PerfRefresh, abi.EINVAL), abi.OK)},
	"output goes to an event without a buffer": {call: instead(func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return request(abi.PerfSetOutput, abi.EINVAL)(k, c, o)
	}, abi.OK)},
	"no event to write to is EINVAL":          {call: instead(request(abi.PerfSetOutput, abi.EBADF), abi.EINVAL)},
	"an event has many programs":              {call: instead(request(abi.PerfSetBPF, abi.EEXIST), abi.OK)},
	"a program of any type goes to an event":  {call: instead(request(abi.PerfSetBPF, abi.EINVAL), abi.OK)},
	"a tracepoint has one program more":       {call: pokeQuery(abi.OK, 4)},
	"a tracepoint's program is another":       {call: pokeQuery(abi.OK, 8)},
	"a tracepoint with too many tells no one": {call: instead(request(abi.PerfQueryBPF, abi.ENOSPC), abi.OK)},
	"an event does not hold its program": {call: func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if request(abi.PerfSetBPF, abi.OK)(k, c, o) {
			programOf(k, int32(attrOf(k, c).Field(abi.PerfIoctlArg, 8))).Release()
		}
		return o
	}},
	"a request that nobody knows is EINVAL": {call: instead(when(abi.PerfIoctl, abi.ENOTTY), abi.EINVAL)},
}

func init() { stdmaps.Copy(mutants, eventMutants) }

// request matches a request to an event that is answered with errno.
func request(r abi.PerfRequest, errno abi.Errno) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		return c.Cmd == abi.PerfIoctl && o.Errno == errno && attrOf(k, c).Field(abi.PerfIoctlRequest, 4) == uint64(r)
	}
}

// pokeQuery makes a word another one that a query has written, unless that is 0.
func pokeQuery(errno abi.Errno, offset uint64) func(*kernel.Sim, int, program.Call, func(int)) kernel.Outcome {
	return func(k *kernel.Sim, cpu int, c program.Call, during func(int)) kernel.Outcome {
		o := k.Bpf(cpu, c, during)
		if at := attrOf(k, c).Field(abi.PerfIoctlArg, 8); request(abi.PerfQueryBPF, errno)(k, c, o) {
			if b := k.Arena().Span(at+offset, 4, program.ToWrite); len(b) == 4 && program.Word(b) != 0 {
				poke(k, at+offset, 1)
			}
		}
		return o
	}
}

// eventArray is a PERF_EVENT_ARRAY.
type eventArray interface {
	maps.Map
	maps.FDHolder
	maps.Deleter
	maps.NextKeyer
}

func events(bug func(eventArray) maps.Map) func(maps.Map) maps.Map {
	return func(m maps.Map) maps.Map {
		if m.Spec().Type == abi.PerfEventArray {
			return bug(m.(eventArray))
		}
		return m
	}
}

// keepingEvents does not notice that a file is closed.
type keepingEvents struct{ eventArray }

func (keepingEvents) Left(any) {}

// losingEvents takes any file for the one through which an event was put in.
type losingEvents struct{ eventArray }

func (m losingEvents) Put(key []byte, held maps.Held, _ any) {
	m.eventArray.Put(key, held, m.eventArray)
}

func (m losingEvents) Left(any) { m.eventArray.Left(m.eventArray) }

// careless gives an event back that it has.
type careless struct{ eventArray }

func (m careless) Put(key []byte, held maps.Held, through any) {
	m.eventArray.Put(key, unheld{held.(*bpfsys.PerfEvent)}, through)
	held.Release()
}

type unheld struct{ *bpfsys.PerfEvent }

func (unheld) Release() {}

// clinging gives no event back.
type clinging struct{ eventArray }

func (m clinging) Put(key []byte, held maps.Held, through any) {
	m.eventArray.Put(key, unheld{held.(*bpfsys.PerfEvent)}, through)
}
