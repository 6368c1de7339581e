package campaign

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/bpfsim/bpfsim/explore"
	"github.com/bpfsim/bpfsim/sim"
)

// Finding is a program or a scenario under which something went wrong, shrunk.
type Finding struct {
	// Name is a file name: the kind, the seed and the number of what was drawn.
	Name string
	// What says in a few lines what went wrong.
	What string
	// Text is what Parse or explore.ParseCounterexample reads.
	Text string
}

// Save writes the finding to its file in dir, What as comments before Text, and returns the file's path.
func (f Finding) Save(dir string) (string, error) {
	path := filepath.Join(dir, f.Name)
	comment := "# " + strings.ReplaceAll(strings.TrimSpace(f.What), "\n", "\n# ") + "\n"
	if err := os.WriteFile(path, []byte(comment+f.Text), 0o644); err != nil {
		return "", fmt.Errorf("save finding: %w", err)
	}
	return path, nil
}

func programFinding(seed uint64, number int, m *Mismatch) Finding {
	p := m.Program
	p.Steps = p.Steps[:m.Step+1]
	return Finding{
		Name: fmt.Sprintf("fuzz-program-%d-%d.txt", seed, number),
		What: fmt.Sprintf("step %d: %s\n%s", m.Step, p.Steps[m.Step], m.Detail), Text: p.String(),
	}
}

func scenarioFinding(seed uint64, number int, what string, c explore.Counterexample) Finding {
	return Finding{Name: fmt.Sprintf("fuzz-scenario-%d-%d.txt", seed, number), What: what, Text: c.String()}
}

// shrinkSchedules is the number of schedules of each kind that a smaller scenario is tried under.
const shrinkSchedules = 60

// shrunkBreach is the smallest scenario found that breaks the contract, starting from a run that does.
func shrunkBreach(seed uint64, number int, run *explore.Run, breach *explore.BreachError) Finding {
	s := run.Scenario
	s.Contract = breach.Contract
	found := explore.Counterexample{Scenario: s, Schedule: run.Trace.String()}
	small, result, err := explore.Shrink(s, func() sim.Schedules { return sampled(seed, shrinkSchedules) })
	if err == nil && result.Broken != nil {
		found = explore.Counterexample{Scenario: small, Schedule: result.Schedule}
		breach = &explore.BreachError{Contract: breach.Contract, Breach: result.Broken.Breach}
	}
	return scenarioFinding(seed, number, breach.Error(), found)
}

// stopped is the finding of a machine that came to no verdict: a deadlock, a panic, a step limit.
func stopped(seed uint64, number int, s explore.Scenario, err error) Finding {
	what := err.Error()
	var panicked *sim.PanicError
	if errors.As(err, &panicked) { // its stack has addresses, which differ from run to run
		what = fmt.Sprintf("%s panicked: %v", panicked.Task, panicked.Value)
	}
	trace, _ := sim.TraceOf(err)
	return scenarioFinding(seed, number, what, explore.Counterexample{Scenario: s, Schedule: trace.String()})
}
