package explore

import (
	"fmt"
	"strings"
)

// scheduleMark begins the comment line of a scenario that holds the schedule.
const scheduleMark = "# schedule: "

// String is the scenario's text with the schedule in a comment line.
func (c Counterexample) String() string {
	return c.Scenario.String() + scheduleMark + c.Schedule + "\n"
}

// ParseCounterexample reads what String wrote.
func ParseCounterexample(text string) (Counterexample, error) {
	s, err := Parse(text)
	if err != nil {
		return Counterexample{}, err
	}
	for _, line := range strings.Split(text, "\n") {
		if schedule, ok := strings.CutPrefix(strings.TrimSpace(line), scheduleMark); ok {
			return Counterexample{Scenario: s, Schedule: schedule}, nil
		}
	}
	return Counterexample{}, fmt.Errorf("want a line %q", strings.TrimSpace(scheduleMark))
}
