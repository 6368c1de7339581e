package explore

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/sim"
)

// mutator is what the grid does to a map while it is walked.
type mutator struct {
	doc     string
	entries int
	value   int // bytes
	keys    string
	tasks   []string
	depth   depth
}

// depth is how the grid interleaves a mutator with a walk.
type depth uint8

const (
	steps depth = iota // before any step
	// deep has so many operations, since a walk that does not end needs a change behind each of its calls, that in maps that evict, in
	// which each takes many steps, only whole ones are interleaved.
	deep
	// wide has several tasks beside the walk: it is deep in maps without preallocation and in tries, too. Of the 258 scenarios that are deep or
	// wide 118 have less than 20,000 schedules of steps, 518,000 in all, and 140 have more.
	wide
)

// schedules are those that the grid explores for the mutator: all.
func (m mutator) schedules(k Kind) sim.Schedules {
	if k.evicts() && m.depth != steps || m.depth == wide && (k.Flags&abi.FlagNoPrealloc != 0 || k.Type == abi.LPMTrie) {
		return &wholeOperations{sim.NewDFS(sim.Unbounded)}
	}
	return sim.NewDPOR()
}

func (k Kind) evicts() bool { return Shape{Type: k.Type}.evicts() }

// wholeOperations leaves out schedules that preempt a task in the middle of an operation or of a call of the walk.
type wholeOperations struct{ *sim.DFS }

// Choose goes on with an operation that has begun.
func (w *wholeOperations) Choose(c *sim.Choice) int {
	if first, _ := c.Tasks[0].Span(); c.Preempts && first >= 0 {
		return 0
	}
	return w.DFS.Choose(c)
}

// hashMutators are those of the hash types. With BPF_F_ZERO_SEED and 16 entries keys 3, 22 and 24 share the last of 16
// buckets, 17 is alone in the eighth and 35 alone in the first; with 2 entries 35 is in the first of 2 buckets and all
// the others in the second. The newest key of a bucket is read first.
var hashMutators = []mutator{
	{"update of a key that is to come, in the cursor's bucket", 16, 8, "3 22", []string{"task a cpu=1: update 3"}, steps},
	{"update of the key that the cursor is at", 16, 8, "3 22 24", []string{"task a cpu=1: update 22"}, steps},
	{"update of two keys in two buckets", 16, 8, "35 3", []string{"task a cpu=1: update 35; update 3"}, steps},
	{"update of two keys in one bucket", 16, 8, "3 22", []string{"task a cpu=1: update 22; update 3"}, steps},
	{"inserts into an earlier and into the same bucket", 16, 8, "17 3",
		[]string{"task a cpu=1: insert 22; insert 35"}, steps},
	{"delete of the last key", 16, 8, "35 3", []string{"task a cpu=1: delete 3"}, steps},
	{"delete of a key in the middle", 16, 8, "35 17 3", []string{"task a cpu=1: delete 17"}, steps},
	{"delete and insert of a key", 16, 8, "35 3", []string{"task a cpu=1: delete 3; insert 3"}, steps},
	{"delete, and insert of another key into the same bucket", 16, 8, "3 22", []string{"task a cpu=1: delete 3; insert 24"}, steps},
	// A walk that reads the key of the element it found, which is another one by now, goes on behind that.
	{"delete, and inserts of another key, which gets the element", 16, 8, "35 17",
		[]string{"task a cpu=0: delete 35; insert 3; insert 3"}, steps},
	{"another task takes a key", 16, 8, "3 22", []string{"task a cpu=1: take 3"}, steps},
	{"two updates of a key whose value has two words", 16, 16, "3 22", []string{"task a cpu=1: update 3; update 3"}, steps},
	{"a program writes a value of two words in place", 16, 16, "3 22", []string{"program p cpu=1: write 3"}, steps},
	{"full map: inserts of other keys, which evict or fail", 2, 8, "3 22",
		[]string{"task a cpu=1: insert 24; insert 35"}, steps},
	{"two CPUs insert into the last place, in two buckets", 2, 8, "3",
		[]string{"task a cpu=1: insert 35", "task b cpu=0: insert 22"}, steps},
	{"an insert into the last place, while another CPU updates a key", 2, 8, "3",
		[]string{"task a cpu=1: insert 35", "task b cpu=0: update 3"}, steps},
	{"full map: updates of the key that the cursor is at", 2, 8, "3 22", []string{"task a cpu=1: update 3; update 22; update 3"}, steps},
	{"full map: two CPUs update their keys", 2, 8, "3",
		[]string{"task a cpu=1: update 22; update 22", "task b cpu=0: update 3; update 3"}, wide},
	{"full map: delete and insert of the last key", 2, 8, "35 3", []string{"task a cpu=1: delete 3; insert 3; delete 3; insert 3"}, steps},
	{"full map: inserts of its own keys", 2, 8, "3 22", []string{"task a cpu=1: insert 22; insert 22; insert 22; insert 22"}, deep},
	{"three tasks change three of four keys", 16, 8, "35 17 3 22",
		[]string{"task a cpu=1: update 3", "task b cpu=1: delete 22", "task c cpu=0: insert 24"}, wide},
	{"one batch updates two keys, another one deletes two", 16, 8, "35 17 3 22",
		[]string{"task a cpu=1: update 3, 35", "task b cpu=0: delete 22, 17"}, wide},
	{"another walker takes what it finds", 16, 8, "35 17 3 22", []string{"task a cpu=1: drain 1; drain 4"}, steps},
	{"inserts into a bucket that a batch has no room for, so that it asks again", 16, 8, "3 22 24", []string{"task a cpu=1: insert 46; insert 34"}, steps},
}

// arrayMutators are those of ARRAY, whose keys are always there.
var arrayMutators = []mutator{
	{"update of a value", 2, 8, "0 1", []string{"task a cpu=1: update 1"}, steps},
	{"update of two values", 2, 8, "0 1", []string{"task a cpu=1: update 0; update 1"}, steps},
	{"two tasks update a value each", 2, 8, "0 1", []string{"task a cpu=1: update 0", "task b cpu=1: update 1"}, steps},
	{"update of a value of two words", 2, 16, "0 1", []string{"task a cpu=1: update 1"}, steps},
	{"a program writes a value of two words in place", 2, 16, "0 1", []string{"program p cpu=1: write 1"}, steps},
	{"insert and delete, which fail", 2, 8, "0 1", []string{"task a cpu=1: insert 0; delete 1"}, steps},
	{"three tasks update three of four values", 4, 8, "0 1 2 3",
		[]string{"task a cpu=1: update 1", "task b cpu=1: update 2", "task c cpu=0: update 3"}, steps},
	{"one batch updates two values, another one two others", 4, 8, "0 1 2 3",
		[]string{"task a cpu=1: update 1, 3", "task b cpu=0: update 2, 0"}, steps},
}

// trieMutators are those of LPM_TRIE: prefix 1 covers all, 2 covers 4 and 5, which a walk returns before it.
var trieMutators = []mutator{
	{"update of a key that is to come", 16, 8, "4 5 2", []string{"task a cpu=1: update 2"}, steps},
	{"update of the key that the cursor is at", 16, 8, "4 5 2", []string{"task a cpu=1: update 4"}, steps},
	{"updates of two keys", 16, 8, "4 5", []string{"task a cpu=1: update 4; update 5"}, steps},
	{"update of a value of two words", 16, 16, "4 2", []string{"task a cpu=1: update 4"}, steps},
	{"delete of a key that another one covers", 16, 8, "4 5 2", []string{"task a cpu=1: delete 5"}, steps},
	{"delete of a key that covers others", 16, 8, "4 5 2", []string{"task a cpu=1: delete 2"}, steps},
	{"delete of the last key", 16, 8, "4 5", []string{"task a cpu=1: delete 5"}, steps},
	{"inserts of an earlier key and of one that covers all", 16, 8, "5 2", []string{"task a cpu=1: insert 4; insert 1"}, steps},
	{"delete and insert of a key", 16, 8, "4 5", []string{"task a cpu=1: delete 5; insert 5"}, steps},
	{"a program updates two keys", 16, 8, "4 5 2", []string{"program p cpu=1: update 4; update 2"}, steps},
	{"a program deletes and inserts a key", 16, 8, "4 5 2", []string{"program p cpu=1: delete 5; insert 5"}, steps},
	{"full map: delete and insert of the last key", 2, 8, "4 5",
		[]string{"task a cpu=1: delete 5; insert 5; delete 5; insert 5"}, steps},
	{"full map: inserts of its own keys", 2, 8, "4 5", []string{"task a cpu=1: insert 5; insert 5; insert 5; insert 5"}, steps},
	{"three tasks change three of four keys", 16, 8, "4 5 2 3",
		[]string{"task a cpu=1: update 4", "task b cpu=1: delete 5", "task c cpu=0: insert 1"}, wide},
	{"one batch updates two keys, another one deletes two", 16, 8, "4 5 2 3",
		[]string{"task a cpu=1: update 4, 2", "task b cpu=0: delete 5, 3"}, wide},
}

// partMutators are programs that write their CPUs' parts of a PERCPU_HASH's values, which have a part of one word for each of two
// CPUs, or of two words.
var partMutators = []mutator{
	{"a program updates its part", 16, 16, "3 22", []string{"program p cpu=1: update 3; update 22"}, steps},
	{"programs of two CPUs update their parts", 16, 16, "3 22", []string{"program p cpu=1: update 3", "program q cpu=0: update 3"}, steps},
	{"a program updates its part and a process all parts", 16, 16, "3 22", []string{"program p cpu=1: update 3", "task a cpu=0: update 3"}, steps},
	{"a program deletes and inserts a key", 16, 16, "3 22", []string{"program p cpu=1: delete 3; insert 3"}, steps},
	{"full map: a program inserts other keys, which evict or fail", 2, 16, "3 22", []string{"program p cpu=1: insert 24; update 35"}, steps},
	{"a program writes its part in place", 16, 16, "3 22", []string{"program p cpu=1: write 3; write 22"}, steps},
	{"programs of two CPUs write their parts in place", 16, 16, "3 22", []string{"program p cpu=1: write 3", "program q cpu=0: write 3"}, steps},
	{"a program writes its part in place and a process all parts", 16, 16, "3 22", []string{"program p cpu=1: write 3", "task a cpu=0: update 3"}, steps},
	{"a program writes a part of two words in place", 16, 32, "3 22", []string{"program p cpu=1: write 3"}, steps},
}

// slotMutators are those of PERCPU_ARRAY.
var slotMutators = []mutator{
	{"a program updates its parts", 2, 16, "0 1", []string{"program p cpu=1: update 0; update 1"}, steps},
	{"programs of two CPUs update their parts", 2, 16, "0 1", []string{"program p cpu=1: update 1", "program q cpu=0: update 1"}, steps},
	{"a program updates its part and a process all parts", 2, 16, "0 1", []string{"program p cpu=1: update 1", "task a cpu=0: update 1"}, steps},
	{"programs of two CPUs write their parts in place", 2, 16, "0 1", []string{"program p cpu=1: write 1", "program q cpu=0: write 1"}, steps},
	{"a program writes a part of two words in place", 2, 32, "0 1", []string{"program p cpu=1: write 1"}, steps},
}

// failure is what happens to the walker itself, beside a mutator.
type failure struct {
	mutator
	fault int // the number of the walk's call that faults, 0 for none
}

// failures are those of all maps: their keys are prefixes too.
func failures() []failure {
	return []failure{
		{mutator{"the walk's first call faults at its values, and a value is updated", 16, 8, "4 5 3", []string{"task a cpu=1: update 5"}, steps}, 1},
		{mutator{"a signal interrupts the walk, and a value is updated", 16, 8, "4 5 3", []string{"task a cpu=1: signal; update 5"}, steps}, 0},
		{mutator{"the walk's second call faults, and two tasks change a key each", 16, 8, "4 5 2 3",
			[]string{"task a cpu=1: update 5", "task b cpu=0: delete 4"}, wide}, 2},
		{mutator{"a signal interrupts the walk, and two tasks change a key each", 16, 8, "4 5 2 3",
			[]string{"task a cpu=1: signal; update 5", "task b cpu=0: delete 4"}, wide}, 0},
	}
}

// failing puts a failure to work on a walk of the kind.
func (k Kind) failing(w Way, f failure, room int) Scenario {
	if (Shape{Type: k.Type}).IsPerCPU() {
		f.mutator = byCPU([]mutator{f.mutator})[0]
	}
	s := k.scenario(w, f.mutator, room)
	s.Walk.Fault = f.fault
	return s
}

// mutators are those of the kind.
func (k Kind) mutators() []mutator {
	shape, mutators := Shape{Type: k.Type}, hashMutators
	switch {
	case shape.IsArray():
		mutators = arrayMutators
	case shape.isTrie():
		mutators = trieMutators
	}
	switch {
	case shape.IsPerCPU() && shape.IsArray():
		return append(byCPU(mutators), slotMutators...)
	case shape.IsPerCPU():
		return append(byCPU(mutators), partMutators...)
	}
	return mutators
}

// byCPU is what processes do to maps of which a value has a word for each of two CPUs. What needs values of two words for
// more than that is done with all of them.
func byCPU(mutators []mutator) []mutator {
	var all []mutator
	for _, m := range mutators {
		if m.value > 8 {
			continue
		}
		m.value = 2 * 8
		if len(m.tasks) == 1 && strings.Contains(m.tasks[0], "cpu=0") { // there has to be a second CPU
			m.tasks = append(slices.Clip(m.tasks), "task idle cpu=1:")
		}
		all = append(all, m)
	}
	return all
}

// Change is what others do to a map while the grid walks it.
type Change struct {
	Doc  string
	Keys string // before the walk
	// Tasks do their operations as a scenario says them.
	Tasks []string
	// Depth tells where whole operations are interleaved instead of steps: "deep" in maps that evict, "wide" there, in those without
	// preallocation and in tries, "" nowhere.
	Depth string
}

func (m mutator) change() Change {
	return Change{Doc: m.doc, Keys: m.keys, Tasks: m.tasks, Depth: [...]string{steps: "", deep: "deep", wide: "wide"}[m.depth]}
}

// GridChanges are what the grid does to maps, each of them to each walk; those of the hash types and of arrays to per-CPU maps as well.
func GridChanges() map[string][]Change {
	all := make(map[string][]Change)
	for _, f := range failures() {
		all["all"] = append(all["all"], f.change())
	}
	for name, mutators := range map[string][]mutator{
		"hash": hashMutators, "array": arrayMutators, "trie": trieMutators, "per-CPU hash": partMutators, "per-CPU array": slotMutators,
	} {
		for _, m := range mutators {
			all[name] = append(all[name], m.change())
		}
	}
	return all
}

// rooms are the sizes of a call's buffer, in records.
func (w Way) rooms() []int {
	if strings.HasPrefix(w.Name, "next+") {
		return []int{1}
	}
	return []int{1, 2}
}

// scenario puts a mutator to work on a walk of the kind.
func (k Kind) scenario(w Way, m mutator, room int) Scenario {
	flags := ""
	for _, f := range shapeFlags {
		if k.Flags&f.bit != 0 {
			flags += " " + f.word
		}
	}
	s, err := Parse(fmt.Sprintf("map %s entries=%d value=%d%s\nkeys %s\nwalk %s room=%d cpu=0\n%s\ncontract snapshot\n",
		typeWord(k.Type), m.entries, m.value, flags, m.keys, w.Name, room, strings.Join(m.tasks, "\n")))
	if err != nil {
		panic(err) // the tables above are fixed
	}
	return s
}
