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

// CounterexampleFile is the name of the file that holds a counterexample to what walks of a kind of maps keep, one that needs the
// condition.
func CounterexampleFile(kind, way, contract string, c Condition) string {
	name := strings.ToLower(strings.ReplaceAll(kind, " BPF_F", "")) + "-" + way + "-" + contract
	if c != Always {
		name += "-" + strings.ReplaceAll(string(c), " ", "-")
	}
	return name + ".txt"
}

// Promises reports whether docs/guarantees.md says that walks as this one, of maps as this one, keep the contract. What only
// writes in place break is promised to all others, as is what only faults or only signals break.
func (s Scenario) Promises(contract string) bool {
	kind, known := s.Map.kind()
	if !known {
		return false
	}
	for _, c := range Conditions() {
		if _, found := broken()[CounterexampleFile(kind.Name, s.Walk.Way, contract, c)]; found && s.meets(c) {
			return false
		}
	}
	return true
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
