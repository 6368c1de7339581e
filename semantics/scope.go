package semantics

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/proptest/program"
)

// scope is what the names of a program mean so far.
type scope struct {
	cpus   int
	fds    map[string]int32
	shapes map[string]Shape // by fd's name
	ids    map[string]int   // of maps, by the name they were made with
	pins   map[string]Shape // by path
	made   int              // maps so far
}

func newScope(cpus int) *scope {
	return &scope{cpus: cpus, fds: map[string]int32{}, shapes: map[string]Shape{}, ids: map[string]int{}, pins: map[string]Shape{}}
}

// closedFD is an fd that no program opens.
const closedFD = program.FirstFD + program.NumFDs - 1

// fd is what a name or a word for an fd means.
func (s *scope) fd(text string) (int32, error) {
	if text == "closed" {
		return closedFD, nil
	}
	if fd, known := s.fds[text]; known {
		return fd, nil
	}
	n, err := strconv.ParseInt(text, 0, 32)
	if err != nil {
		return 0, fmt.Errorf("no fd %q", text)
	}
	return int32(n), nil
}

// open gives a name its fd.
func (s *scope) open(name string) int32 {
	if fd, known := s.fds[name]; known {
		return fd
	}
	fd := program.FirstFD + int32(len(s.fds))
	s.fds[name] = fd
	return fd
}

// enter notes what a step that went as it should has made.
func (s *scope) enter(c *Call) {
	if c.Step.Want.Errno != abi.OK {
		return
	}
	name := c.Step.Name
	switch c.Step.Verb {
	case "create":
		s.made++
		s.ids[name], s.shapes[name] = s.made, c.Shape
	case "get":
		path, _ := c.Step.get("pathname")
		s.shapes[name] = s.pins[path]
	case "pin":
		path, _ := c.Step.get("pathname")
		s.pins[path] = c.Shape
	case "open_id", "dup":
		from, _ := c.Step.get(verbs[c.Step.Verb].positional[0])
		s.shapes[name] = s.shapes[strings.TrimPrefix(from, "id:")]
	}
}

// shape is the shape of the map that a step is about: of the one that it makes, too.
func (s *scope) shape(step Step) (Shape, error) {
	if step.Verb != "create" {
		return s.shapes[step.Name], nil
	}
	text, _ := step.get("map_type")
	n, err := s.number("map_type", text)
	if err != nil {
		return Shape{}, err
	}
	shape := usual(abi.MapType(n), s.cpus)
	for field, to := range map[string]*int{"key_size": &shape.KeySize, "value_size": &shape.ValueSize} {
		if text, given := step.get(field); given {
			n, err := s.number(field, text)
			if err != nil {
				return Shape{}, err
			}
			*to = int(n)
		}
	}
	if text, given := step.get("max_entries"); given {
		n, err := s.number("max_entries", text)
		if err != nil {
			return Shape{}, err
		}
		shape.MaxEntries = uint32(n)
	}
	if text, given := step.get("map_flags"); given {
		shape.Flags, err = s.number("map_flags", text)
	}
	return shape, err
}

// number is what a number, a flag or a name of a number in a field means.
func (s *scope) number(field, text string) (uint64, error) {
	if id, found := strings.CutPrefix(text, "id:"); found {
		return uint64(s.ids[id]), nil
	}
	if fd, found := strings.CutPrefix(text, "fd:"); found {
		n, err := s.fd(fd)
		return uint64(uint32(n)), err
	}
	if text == "cpus" {
		return uint64(s.cpus), nil
	}
	if field == "map_type" {
		if t, known := TypeByName(text); known {
			return uint64(t), nil
		}
	}
	var all uint64
	for word := range strings.SplitSeq(text, "|") {
		n, named := flagNames[word]
		if field == "map_flags" || field == "open_flags" || field == "file_flags" {
			var m uint32
			m, named = mapFlagNames[word]
			n = uint64(m)
		}
		if !named {
			var err error
			if n, err = strconv.ParseUint(word, 0, 64); err != nil {
				return 0, fmt.Errorf("%s=%s: no number and no flag", field, text)
			}
		}
		all |= n
	}
	return all, nil
}

var flagNames = map[string]uint64{
	"ANY": abi.Any, "NOEXIST": abi.NoExist, "EXIST": abi.Exist, "LOCK": abi.Lock, "DUMP_BUCKET": abi.DumpBucket,
}

var mapFlagNames = map[string]uint32{
	"NO_PREALLOC": abi.FlagNoPrealloc, "NO_COMMON_LRU": abi.FlagNoCommonLRU, "NUMA_NODE": abi.FlagNUMANode, "RDONLY": abi.FlagReadOnly,
	"WRONLY": abi.FlagWriteOnly, "STACK_BUILD_ID": abi.FlagStackBuildID, "ZERO_SEED": abi.FlagZeroSeed,
	"RDONLY_PROG": abi.FlagReadOnlyProg, "WRONLY_PROG": abi.FlagWriteOnlyProg, "CLONE": abi.FlagClone, "MMAPABLE": abi.FlagMmapable,
	"PRESERVE_ELEMS": abi.FlagPreserveElems, "INNER_MAP": abi.FlagInnerMap, "LINK": abi.FlagLink, "PATH_FD": abi.FlagPathFD,
	"VTYPE_BTF_OBJ_FD": abi.FlagVTypeBTFObjFD, "TOKEN_FD": abi.FlagTokenFD, "SEGV_ON_FAULT": abi.FlagSegvOnFault,
	"NO_USER_CONV": abi.FlagNoUserConv,
}
