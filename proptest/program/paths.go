package program

import (
	"fmt"
	"strings"
)

// checkPaths reports a path that is not below the bpffs: a kernel that is real would do there what the event says.
func checkPaths(e Event) error {
	var paths []string
	switch e := e.(type) {
	case Mkdir:
		paths = []string{e.Path}
	case Rmdir:
		paths = []string{e.Path}
	case Unlink:
		paths = []string{e.Path}
	case Rename:
		paths = []string{e.From, e.To}
	}
	for _, p := range paths {
		if !below(p) {
			return fmt.Errorf("path %q is not below %s", p, BPFFS)
		}
	}
	return nil
}

// below reports whether p leads nowhere out of the bpffs. BPFFS has no links that programs could make.
func below(p string) bool {
	rest, ok := strings.CutPrefix(p, BPFFS)
	if !ok || rest != "" && rest[0] != '/' {
		return false
	}
	depth := 0
	for name := range strings.SplitSeq(rest, "/") {
		switch name {
		case "", ".":
		case "..":
			depth--
		default:
			depth++
		}
		if depth < 0 {
			return false
		}
	}
	return true
}
