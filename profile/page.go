package profile

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
)

//go:embed intro.md
var intro string

// Page is docs/kernels.md.
func Page() string {
	var b strings.Builder
	b.WriteString(intro)
	fmt.Fprintf(&b, "\n## The table\n\nA row's check is a small program; its last call ends as the last two columns say. %d rows.\n\n", len(Rows))
	b.WriteString("| row | since | before | since then | source | before | since |\n|---|---|---|---|---|---|---|\n")
	for _, r := range Rows {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s |\n", r.Name, r.since(), r.Before, r.Now, r.Source, outcome(r.Was), outcome(r.Is))
	}
	b.WriteString("\n## What is not told apart\n\nA comparison with a kernel of these series leaves it out.\n\n| from | before | what |\n|---|---|---|\n")
	for _, g := range Gaps {
		fmt.Fprintf(&b, "| %s | %s | %s |\n", g.From, g.Before, g.What)
	}
	return b.String()
}

func (r Row) since() string {
	text := r.Since.String()
	for _, series := range abi.Releases {
		if stable, ok := r.Backports[series]; ok {
			text += ", " + stable
		}
	}
	return text
}

// outcome is how a call ends.
func outcome(errno abi.Errno) string {
	if errno == abi.OK {
		return "success"
	}
	return errno.String()
}
