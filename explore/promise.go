package explore

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// guarantees holds a counterexample for each cell of docs/guarantees.md that is broken.
//
//go:embed testdata/guarantees/*.txt
var guarantees embed.FS

// broken are the counterexamples by the name of their file.
var broken = sync.OnceValue(func() map[string]Counterexample {
	all := make(map[string]Counterexample)
	files, err := guarantees.ReadDir("testdata/guarantees")
	for _, file := range files {
		var text []byte
		if text, err = guarantees.ReadFile("testdata/guarantees/" + file.Name()); err != nil {
			break
		}
		if all[file.Name()], err = ParseCounterexample(string(text)); err != nil {
			break
		}
	}
	if err != nil {
		panic(fmt.Sprintf("explore: the stored counterexamples: %v", err)) // they are part of this program
	}
	return all
})

// Promises reports whether docs/guarantees.md says that walks as this one, of maps as this one, keep the contract. What
// only writes in place break is promised to all others.
func (s Scenario) Promises(contract string) bool {
	kind, known := s.Map.kind()
	if !known {
		return false
	}
	name := strings.ToLower(strings.ReplaceAll(kind.Name, " BPF_F", "")) + "-" + s.Walk.Way + "-" + contract + ".txt"
	counterexample, found := broken()[name]
	return !found || counterexample.Scenario.writesInPlace() && !s.writesInPlace()
}

// kind is the kind of maps that the page has a table of, false for a type without. A flag that changes nothing for the
// type is none.
func (m Shape) kind() (kind Kind, known bool) {
	same := func(k Kind) bool { return k.Type == m.Type && k.Flags == m.Flags }
	kinds := Kinds()
	if at := slices.IndexFunc(kinds, same); at >= 0 {
		return kinds[at], true
	}
	plain := func(k Kind) bool { return k.Type == m.Type }
	if at := slices.IndexFunc(kinds, plain); at >= 0 {
		return kinds[at], true
	}
	return Kind{}, false
}

// writesInPlace reports whether a program writes through a pointer that a lookup gave it.
func (s Scenario) writesInPlace() bool {
	return slices.ContainsFunc(s.Tasks, func(t Task) bool {
		return slices.ContainsFunc(t.Ops, func(op Op) bool { return op.Verb == "write" })
	})
}
