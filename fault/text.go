package fault

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

// String writes the rule as Parse reads it.
func (r Rule) String() string {
	text := commandName(r.Cmd)
	if r.Name != "" {
		text += "@" + r.Name
	}
	var conditions []string
	add := func(given bool, key string, value any) {
		if given {
			conditions = append(conditions, fmt.Sprintf("%s=%v", key, value))
		}
	}
	add(r.Nth != 0, "nth", r.Nth)
	add(r.Every != 0, "every", r.Every)
	add(r.Share != 0, "share", r.Share)
	add(r.Seed != 0, "seed", r.Seed)
	add(r.After != 0, "after", r.After)
	add(r.Delay != 0, "delay", r.Delay)
	if conditions != nil {
		text += ":" + strings.Join(conditions, ",")
	}
	return text + "=" + r.Errno.String()
}

// commandName is the short name where there is one.
func commandName(cmd abi.Cmd) string {
	for name, c := range short {
		if c == cmd {
			return name
		}
	}
	return cmd.String()
}

// Check refuses rules that change nothing.
func (r Rule) Check() error {
	if r.Errno == abi.OK && r.Delay == 0 {
		return errors.New("OK without a delay changes nothing")
	}
	return nil
}
