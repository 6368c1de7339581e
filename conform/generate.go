package conform

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/semantics"
)

// generated are the map types that programs are drawn for.
var generated = []abi.MapType{
	abi.Hash, abi.LRUHash, abi.PerCPUHash, abi.LRUPerCPUHash, abi.Array, abi.PerCPUArray, abi.LPMTrie, abi.Queue, abi.Stack,
}

// generated runs the drawn programs and the walks of a type, each kind until the first failure.
func (s *suite) generated(ctx context.Context, t abi.MapType) error {
	programs := s.options.Programs
	if programs == 0 {
		programs = DefaultPrograms
	}
	kinds := []struct {
		name, text string
		draw       func(*rand.Rand, abi.MapType) string
		fails      judge
		smaller    judge // of what is left of a program
	}{
		{"programs", "A drawn program is answered as Linux answers it.", drawProgram, s.fails, s.failsAtLast},
		{"walks", "A walk by batches gives each key that stays once, while others come and go.", drawWalk, s.walkFails, s.walkFails},
	}
	for _, kind := range kinds {
		for i := range programs {
			if err := ctx.Err(); err != nil {
				return err
			}
			random := rand.New(rand.NewPCG(s.options.Seed, uint64(i)<<8|uint64(t)))
			text := kind.draw(random, t)
			if text == "" {
				break // not of this type
			}
			steps, err := semantics.ParseProgram(text)
			if err != nil {
				panic(fmt.Sprintf("a drawn program: %v", err))
			}
			again, err := s.drawn(describe(kind.name, t), kind.text, steps, kind.fails, kind.smaller)
			if err != nil || !again {
				return err
			}
		}
	}
	return nil
}

// drawn runs one program; again is whether another one may be run.
func (s *suite) drawn(name, text string, steps []semantics.Step, fails, smaller judge) (again bool, err error) {
	area := s.report.area(strings.Split(name, "/")[0])
	why, upTo, err := fails(steps)
	switch {
	case errors.Is(err, ErrUnsupported):
		area.LeftOut++
		return true, nil
	case err != nil:
		return false, err
	}
	area.Asked++
	if why == "" {
		area.Passed++
		return true, nil
	}
	b := s.found(name, text, why)
	if len(b.Program) > 0 {
		return true, nil // the first will do
	}
	return true, s.smallest(b, upTo, smaller)
}

// drawProgram draws a program for a map of type t.
func drawProgram(r *rand.Rand, t abi.MapType) string {
	w := new(strings.Builder)
	fmt.Fprintf(w, "create m %s max_entries=%d\n", strings.ToLower(t.String()), 1+r.IntN(5))
	verbs := verbsOf(t)
	for range 24 {
		w.WriteString(drawStep(r, t, verbs[r.IntN(len(verbs))]))
	}
	return w.String()
}

// verbsOf are what is drawn for a type, as often as it stands here. What a type does not have is left to the statements.
func verbsOf(t abi.MapType) []string {
	verbs := []string{"update", "update", "update", "update", "lookup", "lookup"}
	switch t {
	case abi.Queue, abi.Stack:
		return append(verbs, "take", "take")
	case abi.Array, abi.PerCPUArray:
		return append(verbs, "walk", "next")
	case abi.LPMTrie:
		return append(verbs, "delete", "delete", "walk", "next")
	}
	return append(verbs, "delete", "delete", "walk", "take")
}

func drawStep(r *rand.Rand, t abi.MapType, verb string) string {
	key := fmt.Sprint(r.IntN(7))
	switch t {
	case abi.Queue, abi.Stack:
		key = "-"
	case abi.LPMTrie:
		key = fmt.Sprintf("%d/%d", r.IntN(7), r.IntN(34))
	}
	switch verb {
	case "update":
		flags := []string{"ANY", "ANY", "ANY", "NOEXIST", "EXIST", "3"}[r.IntN(6)]
		return fmt.Sprintf("update m %s %d %s\n", key, r.IntN(1000), flags)
	case "walk":
		return "walk m\n"
	}
	return fmt.Sprintf("%s m %s\n", verb, key)
}

// drawWalk draws a walk by batches over a hash that others change meanwhile.
func drawWalk(r *rand.Rand, t abi.MapType) string {
	if t != abi.Hash && t != abi.PerCPUHash {
		return ""
	}
	w := new(strings.Builder)
	fmt.Fprintf(w, "create m %s max_entries=32\n", strings.ToLower(t.String()))
	for range 4 + r.IntN(8) {
		fmt.Fprintf(w, "update m %d 1\n", r.IntN(16))
	}
	cursor := "-"
	for range 3 {
		fmt.Fprintf(w, "lookup_batch m %d %s\n", 2+r.IntN(4), cursor)
		cursor = "@out_batch"
		for range r.IntN(4) {
			fmt.Fprintf(w, []string{"update m %d 2\n", "delete m %d\n", "delete m %d\n"}[r.IntN(3)], r.IntN(16))
		}
	}
	return w.String()
}
