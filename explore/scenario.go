package explore

import (
	"fmt"
	"slices"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// Scenario is a map, one walk of it, what other tasks do to it meanwhile, and the contract asked. Parse and String
// are inverses.
type Scenario struct {
	Map   Shape
	Keys  []uint32 // put into the map, in this order, before the tasks start
	Walk  Walk
	Tasks []Task
	// Contract is the name of one of model.Contracts.
	Contract string
}

// Shape is the map of a scenario. It is made with BPF_F_ZERO_SEED where its type takes that.
type Shape struct {
	Type    abi.MapType
	Flags   uint32 // abi.FlagNoPrealloc, abi.FlagNoCommonLRU
	Entries uint32
	Key     int // bytes, 0 for 4; prefixes have 8
	Value   int // bytes
}

// Walk is who walks, and how.
type Walk struct {
	Way  string // one of Ways
	Room int    // records that a call has room for, at least 1
	CPU  int
	// Fault is the number, counted from 1, of the call whose records or values cannot be written to memory, 0 for none.
	Fault int
}

// Task is a user process or, with Program, a BPF program that does its operations one after the other.
type Task struct {
	Name    string
	Program bool
	CPU     int
	Ops     []Op
}

// Op is one operation on a key, or a signal to the walker. Each value written in a scenario is another one: the number of the write, counted
// from 1, in all words.
type Op struct {
	Verb string // one of the verbs of its task's kind
	Key  uint32 // of drain, the room
	// Joined is so of an update or a delete that one call makes together with the operation before it (UPDATE_BATCH, DELETE_BATCH).
	Joined bool
}

// Verbs of processes and of programs; verbDocs says what they do.
var (
	processVerbs = []string{"update", "insert", "delete", "take", "read", "signal", "drain"}
	programVerbs = []string{"update", "insert", "delete", "read", "write"}
)

const (
	maxEntries = 64
	maxValue   = 64
	maxKey     = 512
	maxCPUs    = 8
)

// Check reports what makes the scenario impossible to run.
func (s Scenario) Check() error {
	if err := s.Map.check(); err != nil {
		return err
	}
	if err := s.checkPerCPU(); err != nil {
		return err
	}
	if err := s.checkTrie(); err != nil {
		return err
	}
	if len(s.Keys) > int(s.Map.Entries) {
		return fmt.Errorf("%d keys in a map of %d entries", len(s.Keys), s.Map.Entries)
	}
	if err := s.Walk.check(s.Map.Type); err != nil {
		return err
	}
	for i, t := range s.Tasks {
		if t.drains() && !slices.Contains(hashTypes, s.Map.Type) {
			return fmt.Errorf("%s %s: nobody drains a map of type %s", t.kind(), t.Name, typeWord(s.Map.Type))
		}
		if err := t.check(); err != nil {
			return fmt.Errorf("%s %s: %w", t.kind(), t.Name, err)
		}
		same := func(other Task) bool { return other.Name == t.Name }
		if slices.IndexFunc(s.Tasks, same) != i || t.Name == walkerName {
			return fmt.Errorf("two tasks named %q", t.Name)
		}
	}
	if _, ok := model.ContractByName(s.Contract); !ok {
		return fmt.Errorf("no contract %q: want %s", s.Contract, oneOf(contractNames()))
	}
	return nil
}

func (m Shape) check() error {
	if !slices.Contains(Types(), m.Type) {
		return fmt.Errorf("no walk of map type %s: want %s", m.Type, oneOf(typeWords()))
	}
	if m.Entries < 1 || m.Entries > maxEntries {
		return fmt.Errorf("entries=%d: want 1 to %d", m.Entries, maxEntries)
	}
	if err := m.checkKey(); err != nil {
		return err
	}
	if m.Value < 1 || m.Value > maxValue {
		return fmt.Errorf("value=%d: want 1 to %d bytes", m.Value, maxValue)
	}
	return nil
}

func (w Walk) check(kind abi.MapType) error {
	way, ok := WayByName(w.Way)
	if !ok {
		return fmt.Errorf("no walk %q: want %s", w.Way, oneOf(wayNames()))
	}
	if !slices.Contains(way.Types, kind) {
		return fmt.Errorf("%s does not walk a map of type %s: want %s", w.Way, typeWord(kind), oneOf(Kind{Type: kind}.wayNames()))
	}
	if w.Room < 1 || w.Room > maxEntries {
		return fmt.Errorf("room=%d: want 1 to %d records", w.Room, maxEntries)
	}
	if w.Fault < 0 {
		return fmt.Errorf("fault=%d: want the number of a call", w.Fault)
	}
	return checkCPU(w.CPU)
}

func (t Task) check() error {
	verbs := processVerbs
	if t.Program {
		verbs = programVerbs
	}
	for i, op := range t.Ops {
		if !slices.Contains(verbs, op.Verb) {
			return fmt.Errorf("no operation %q of a %s: want %s", op.Verb, t.kind(), oneOf(verbs))
		}
		if op.Verb == "drain" && (op.Key < 1 || op.Key > maxEntries) {
			return fmt.Errorf("drain %d: want room for 1 to %d records", op.Key, maxEntries)
		}
		if op.Joined && (t.Program || i == 0 || t.Ops[i-1].Verb != op.Verb || op.Verb != "update" && op.Verb != "delete") {
			return fmt.Errorf("%s of several keys: want an update or a delete of a task", op.Verb)
		}
	}
	return checkCPU(t.CPU)
}

// drains reports whether the task is another walker.
func (t Task) drains() bool {
	return slices.ContainsFunc(t.Ops, func(op Op) bool { return op.Verb == "drain" })
}

// kind is the word that the task's line begins with.
func (t Task) kind() string {
	if t.Program {
		return "program"
	}
	return "task"
}

func checkCPU(cpu int) error {
	if cpu < 0 || cpu >= maxCPUs {
		return fmt.Errorf("cpu=%d: want 0 to %d", cpu, maxCPUs-1)
	}
	return nil
}

// CPUs is the number of possible CPUs that the scenario needs.
func (s Scenario) CPUs() int {
	cpus := s.Walk.CPU + 1
	for _, t := range s.Tasks {
		cpus = max(cpus, t.CPU+1)
	}
	return cpus
}
