package main

import (
	"fmt"
	"time"
)

// Tally counts what came of mutants.
type Tally struct{ killed, survived, equivalent, wrong, untried int }

// try tries m and says what came of it.
func (t *Tally) try(r *Runner, m planted) string {
	if m.Equivalent != "" {
		t.equivalent++
		return fmt.Sprintf("equivalent  %s (%s)", m.Mutant, m.Equivalent)
	}
	begin := time.Now()
	by, err := r.Try(m)
	took := time.Since(begin).Round(time.Second / 10)
	switch {
	case err != nil:
		t.wrong++
		return fmt.Sprintf("WRONG       %s: %v", m.Mutant, err)
	case by == "":
		t.survived++
		return fmt.Sprintf("SURVIVED    %s (%v)", m.Mutant, took)
	}
	t.killed++
	return fmt.Sprintf("killed      %s: %s (%v)", m.Mutant, by, took)
}

// String is the sum.
func (t Tally) String() string {
	all := t.killed + t.survived + t.equivalent
	return fmt.Sprintf("%d mutants tried: %d killed, %d survived, %d equivalent; %d wrong, %d not tried",
		all, t.killed, t.survived, t.equivalent, t.wrong, t.untried)
}
