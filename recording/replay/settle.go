package replay

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/recording"
)

// settler turns recorded calls into steps of a program, which runs on every kernel of package proptest/kernel: its memory is the arena, its fds are
// numbers of its own for what was open in any process, and ids are numbers in the order of making.
type settler struct {
	machine program.Machine
	slots   map[string]int32 // of files
	free    []int32
	shapes  map[string]shape // of maps
	ids     map[string]*idTable
	pins    map[string]pinned // by their recorded paths
	named   int               // paths that were given out
	lacking bool              // not all maps were made again
}

// shape is what has to be known of a map.
type shape struct {
	typ        abi.MapType
	key, value int
	seeded     bool // the settler has added BPF_F_ZERO_SEED
}

// pinned is an object in the program's bpffs.
type pinned struct{ path, object string }

// settled is a call as a step, and what leads from its answer to the recorded one.
type settled struct {
	before []program.Step
	step   program.Step
	places *places
	undo   []patch
	made   string // name of the file that the call made when it was recorded, "" for none
	shape  shape  // of the map that it made
	slot   int32
}

// patch is a word of an answer that is another one in the recording.
type patch struct {
	at   uint64 // as recorded
	size int
	back func(uint64) uint64 // to the recorded one
	// forth is the inverse of back.
	forth func(uint64) uint64
}

// closedFD is never open in a program.
const closedFD = program.FirstFD + program.NumFDs - 1

// biggestMap is how much memory a map may take on the running kernel, in bytes.
const biggestMap = 64 << 20

func newSettler(h recording.Header, memory int) *settler {
	s := &settler{slots: map[string]int32{}, shapes: map[string]shape{}, ids: map[string]*idTable{}, pins: map[string]pinned{}}
	s.machine = program.Machine{CPUs: h.CPUs, BPF: h.Caps.BPF, SysAdmin: h.Caps.SysAdmin, Memory: memory, Without: []program.Feature{program.Programs}}
	s.machine.Linux, _ = abi.ParseRelease(h.Linux) // none is 0, the latest
	for fd := closedFD - 1; fd >= program.FirstFD; fd-- {
		s.free = append(s.free, fd)
	}
	for _, kind := range []string{"map", "btf"} {
		s.ids[kind] = newIDTable()
	}
	return s
}

// asked are the commands that programs make again.
func asked(c abi.Cmd) bool {
	switch c {
	case abi.MapCreate, abi.MapLookupElem, abi.MapUpdateElem, abi.MapDeleteElem, abi.MapGetNextKey, abi.MapLookupAndDeleteElem, abi.MapFreeze,
		abi.MapLookupBatch, abi.MapLookupAndDeleteBatch, abi.MapUpdateBatch, abi.MapDeleteBatch, abi.ObjPin, abi.ObjGet, abi.ObjGetInfoByFD,
		abi.MapGetNextID, abi.MapGetFDByID, abi.BTFLoad, abi.BTFGetFDByID:
		return true
	}
	return false
}

// errUnknown is of calls about what a program has not.
var errUnknown = errors.New("about objects that were not made again")

// call turns a call into a step. The error says why not.
func (s *settler) call(c *recording.Call) (*settled, error) {
	t, err := s.settle(c)
	s.lacking = s.lacking || err != nil && c.Cmd == abi.MapCreate && c.Errno == abi.OK
	return t, err
}

func (s *settler) settle(c *recording.Call) (*settled, error) {
	if !asked(c.Cmd) {
		return nil, fmt.Errorf("%s is made again on bpfsim alone", c.Cmd)
	}
	if c.Injected.Errno != abi.OK {
		return nil, errors.New("whose failure was injected")
	}
	if err := s.known(c); err != nil {
		return nil, err
	}
	places, err := newPlaces(c, s.machine.Memory)
	if err != nil {
		return nil, err
	}
	t := &settled{places: places}
	call := program.Call{Cmd: c.Cmd, Size: c.Size, Contents: slices.Clone(c.Contents)}
	if call.Attr, err = places.pointer(c.Attr); err != nil {
		return nil, err
	}
	memory := newContents(c, places)
	if err := s.rewrite(c, t, memory, &call); err != nil {
		return nil, err
	}
	call.Memory = memory.writes(call.Attr, len(call.Contents))
	t.step = program.Step{CPU: c.CPU, Action: &call}
	return t, nil
}

// known refuses calls about what a program cannot have.
func (s *settler) known(c *recording.Call) error {
	if name, ok := s.new(c); ok && c.Cmd != abi.MapCreate && c.Cmd != abi.BTFLoad {
		if _, made := s.shapes[objectName(name)]; !made {
			return errUnknown
		}
	}
	if c.Cmd == abi.MapFreeze && c.Errno == abi.EBUSY {
		return errors.New("whose answer depends on what was mapped")
	}
	if c.Cmd == abi.MapGetNextID && s.lacking {
		return errUnknown
	}
	for _, t := range c.Told {
		question, _, _ := strings.Cut(t.Question, ":")
		switch question {
		case "fd":
			if t.Answer != recording.ClosedFD && t.Answer != recording.OtherFD && s.slots[t.Answer] == 0 {
				return errUnknown
			}
			if sh, ok := s.shapes[objectName(t.Answer)]; ok && refers(sh.typ) && c.Cmd != abi.ObjGetInfoByFD {
				return fmt.Errorf("on maps of type %s, whose values only the recorded machine has", sh.typ)
			}
		case "new", "open", "pin", "get":
		default:
			return errors.New("about what only the recorded machine had")
		}
	}
	return nil
}

// refers tells types whose elements are more than bytes.
func refers(t abi.MapType) bool {
	switch t {
	case abi.ProgArray, abi.PerfEventArray, abi.CgroupArray, abi.DevMap, abi.DevMapHash, abi.SockMap, abi.SockHash, abi.XSKMap,
		abi.ReusePortSockArray, abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage, abi.CgroupStorage, abi.PerCPUCgroupStorage,
		abi.StructOps, abi.CPUMap:
		return true
	}
	return false
}

// answerTo finds an answer of a call's.
func answerTo(c *recording.Call, question string) (string, bool) {
	for _, t := range c.Told {
		if t.Question == question {
			return t.Answer, true
		}
	}
	return "", false
}

// fd is the program's number for a caller's.
func (s *settler) fd(c *recording.Call, number int32) int32 {
	name, ok := answerTo(c, recording.Question("fd", number))
	switch {
	case number < 0:
		return number
	case ok && name == recording.OtherFD, !ok && number < 3:
		return 0
	case !ok, name == recording.ClosedFD:
		return closedFD
	}
	return s.slots[name]
}

// rewrite puts the program's addresses, fds, ids and paths in the place of the recorded ones.
func (s *settler) rewrite(c *recording.Call, t *settled, memory *contents, call *program.Call) error {
	for _, f := range abi.Fields(c.Cmd) {
		if f.End() > len(call.Contents) {
			continue
		}
		b := call.Contents[f.Offset:f.End()]
		switch {
		case f.Kind.Address():
			to, err := t.places.pointer(program.Word(b))
			if err != nil {
				return err
			}
			program.PutWord(b, to)
		case f.Kind == abi.FD:
			program.PutWord(b, uint64(uint32(s.fd(c, int32(program.Word(b))))))
		}
	}
	memory.cover(t.places)
	switch c.Cmd {
	case abi.MapCreate:
		if err := s.create(c, t, call); err != nil {
			return err
		}
	case abi.BTFLoad:
		t.made, _ = s.new(c)
	case abi.MapGetNextID, abi.MapGetFDByID, abi.BTFGetFDByID:
		s.byID(c, t, call)
	case abi.ObjGetInfoByFD:
		if err := s.info(c, t, memory); err != nil {
			return err
		}
	case abi.ObjPin, abi.ObjGet:
		if err := s.object(c, t, memory, call); err != nil {
			return err
		}
	}
	s.values(c, t, memory)
	if program.MakesFD(c.Cmd) {
		return s.makes(c, t, call)
	}
	return nil
}

// new is the file that a call made.
func (s *settler) new(c *recording.Call) (name string, ok bool) {
	answer, _ := answerTo(c, "new")
	_, name, ok = strings.Cut(answer, ",")
	return name, ok
}

// makes gives what a call makes an fd.
func (s *settler) makes(c *recording.Call, t *settled, call *program.Call) error {
	name, ok := s.new(c)
	if answer, asked := answerTo(c, "new"); asked && !ok {
		return fmt.Errorf("with %s for an fd", answer)
	}
	t.made = name
	if call.As = s.slots[name]; call.As == 0 {
		if len(s.free) == 0 {
			return fmt.Errorf("with more than %d files open at a time", program.NumFDs-1)
		}
		call.As = s.free[len(s.free)-1]
	}
	t.slot = call.As
	return nil
}

// create bounds maps and has them made without a random seed.
func (s *settler) create(c *recording.Call, t *settled, call *program.Call) error {
	attr := program.Attr{Bytes: call.Contents}
	t.shape = shape{typ: abi.MapType(attr.Field(abi.CreateMapType, 4)), key: int(attr.Field(abi.CreateKeySize, 4)),
		value: int(attr.Field(abi.CreateValueSize, 4))}
	entries, flags := attr.Field(abi.CreateMaxEntries, 4), attr.Field(abi.CreateMapFlags, 4)
	size := uint64(t.shape.key + program.ValueBytes(t.shape.typ, t.shape.value, s.machine.CPUs) + 80)
	if c.Errno == abi.OK && entries > biggestMap/size {
		return fmt.Errorf("that make maps of more than %d MiB", biggestMap>>20)
	}
	if s.machine.SysAdmin && seeded(t.shape.typ) && flags&uint64(abi.FlagZeroSeed) == 0 {
		t.shape.seeded = true
		attr.Set(abi.CreateMapFlags, 4, flags|uint64(abi.FlagZeroSeed))
	}
	return nil
}

func seeded(t abi.MapType) bool {
	switch t {
	case abi.Hash, abi.PerCPUHash, abi.LRUHash, abi.LRUPerCPUHash, abi.HashOfMaps, abi.BloomFilter:
		return true
	}
	return false
}

// done notes what came of a call that was made.
func (s *settler) done(t *settled, made bool) {
	if t.made == "" || !made {
		return
	}
	if s.slots[t.made] == 0 {
		s.slots[t.made] = t.slot
		s.free = slices.DeleteFunc(s.free, func(fd int32) bool { return fd == t.slot })
	}
	kind, number, _ := strings.Cut(objectName(t.made), ":")
	id, _ := strconv.ParseUint(number, 10, 32)
	if call := t.step.Action.(*program.Call); call.Cmd == abi.MapCreate || call.Cmd == abi.BTFLoad {
		s.ids[kind].add(uint32(id))
		s.shapes[objectName(t.made)] = t.shape
	}
}

// event turns what happened between calls into steps.
func (s *settler) event(e recording.Event) (steps []program.Step, why string) {
	switch e.Verb {
	case recording.Gone:
		fd := s.slots[e.What]
		if fd == 0 {
			return nil, ""
		}
		delete(s.slots, e.What)
		s.free = append(s.free, fd)
		return []program.Step{{Action: program.Close{FD: fd}}}, ""
	case recording.Stored:
		return s.store(e), ""
	case recording.Helped:
		return s.help(e)
	case recording.Unpinned:
		for recorded, p := range s.pins {
			if p.object == e.What {
				delete(s.pins, recorded)
				return []program.Step{{Action: program.Unlink{Path: p.path}}}, ""
			}
		}
	}
	return nil, ""
}
