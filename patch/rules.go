package patch

import (
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// Module is what is patched.
const Module = "github.com/cilium/ebpf"

// Packages are the patched packages, by their path below Module. Not every version has each of them.
var Packages = []string{"", "internal", "internal/kallsyms", "internal/linux", "internal/sys", "internal/unix", "rlimit"}

// fileFunctions are the functions of package os that clients call for what the simulator has: fdinfo, link texts, the number of CPUs, the
// ids of tracepoints, pins.
var fileFunctions = []string{"os.Open", "os.ReadFile", "os.Readlink", "os.Remove"}

// apply patches a package.
func apply(pkg string, files []*source) error {
	if slices.Contains(Standard, pkg) {
		standard(pkg, files)
		return nil
	}
	switch pkg {
	case "internal/unix":
		return wrappers(files)
	case "rlimit":
		memlockProbe(files)
		return nil
	case "internal/sys":
		if err := systemCall(files); err != nil {
			return err
		}
	}
	fileCalls(files)
	return nil
}

// fileCalls has files opened, read and removed by way of the hook.
func fileCalls(files []*source) {
	declarations := fileDeclarations
	for _, s := range files {
		before := len(s.edits)
		for _, function := range fileFunctions {
			for _, call := range s.calls(s.tree, function) {
				s.replace(call.Fun, strings.Replace(function, "os.", "bpfsim", 1))
				s.more += declarations
				declarations = ""
			}
		}
		if len(s.edits) > before {
			s.more += "\nvar _ = os.Open // the import may have no other use\n"
		}
	}
}

// systemCall replaces the one call of bpf(2) in a function whose arguments are those of bpf(2).
func systemCall(files []*source) error {
	const want = "func BPF(cmd Cmd, attr unsafe.Pointer, size uintptr) (uintptr, error)"
	found := 0
	for _, s := range files {
		f := s.function("BPF")
		if f == nil {
			continue
		}
		if head := s.head(f); head != want {
			return fmt.Errorf("it has %s, want %s", head, want)
		}
		for _, made := range s.statements(f.Body, callWanted) {
			s.replace(made, callMade)
			s.more += callDeclarations
			found++
		}
	}
	if found != 1 {
		return fmt.Errorf("func BPF of internal/sys has %d times %q, want once", found, callWanted)
	}
	return nil
}

// memlockProbe answers what package rlimit asks as it is initialised, before anybody can answer calls: the simulated kernel charges maps to the
// cgroup, as Linux has since 5.11.
func memlockProbe(files []*source) {
	for _, s := range files {
		if f := s.function("detectMemcgAccounting"); f != nil && s.head(f) == "func detectMemcgAccounting() error" {
			s.insert(f.Body.Lbrace+1, " return nil;")
		}
	}
}

// head is a function's declaration in one line.
func (s *source) head(f *ast.FuncDecl) string {
	return strings.Join(strings.Fields(string(s.text[s.offset(f.Pos()):s.offset(f.Type.End())])), " ")
}

// wrappers puts the hook before the kernel in functions that wrap one system call each.
func wrappers(files []*source) error {
	var missing []string
	declarations := unixDeclarations
	for name, w := range unixWrappers {
		found := false
		for _, s := range files {
			f := s.function(name)
			if f == nil {
				continue
			}
			if head := s.head(f); !slices.Contains(w.heads, head) {
				return fmt.Errorf("it has %s, want %s", head, strings.Join(w.heads, " or "))
			}
			s.insert(f.Body.Lbrace+1, w.first)
			s.more += declarations
			declarations, found = "", true
		}
		if !found && !w.mayLack {
			missing = append(missing, name)
		}
	}
	if missing != nil {
		slices.Sort(missing)
		return fmt.Errorf("internal/unix has no %s", strings.Join(missing, ", "))
	}
	return nil
}
