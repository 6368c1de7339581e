package bpfsim_test

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const module = "github.com/bpfsim/bpfsim"

// floors lists, for each package, which packages of this module it may import: only floors below it (DESIGN.md).
var floors = map[string][]string{
	"":              {},
	"abi":           {},
	"profile":       {"abi"},
	"maps":          {"abi", "internal/prefetch"},
	"btf":           {"abi"},
	"insn":          {"abi"},
	"model":         {"abi"},
	"fault":         {"abi", "syscall"},
	"trace":         {"abi", "syscall"},
	"syscall":       {"abi", "btf", "insn", "maps", "profile"},
	"sim":           {"abi", "maps", "syscall"},
	"intercept":     {"trace", "abi", "btf", "maps", "syscall", "recording"},
	"bpftest":       {"bpftest/early", "internal/bubble", "patch", "trace", "sim", "abi", "btf", "maps", "profile", "syscall", "fault", "intercept", "recording"},
	"bpftest/early": {},

	"explore": {"abi", "maps", "syscall", "sim", "model"},
	"live":    {"abi", "maps", "syscall", "sim", "model", "explore", "proptest/kernel"},
	"vm":      {},
	"patch":   {},

	"proptest/program":           {"abi", "model", "profile"},
	"proptest/kernel":            {"abi", "btf", "insn", "maps", "model", "profile", "syscall", "explore", "proptest/program"},
	"proptest/kernel/kerneltest": {},

	"recording": {"abi", "btf", "maps", "syscall", "proptest/program"},
	"recording/replay": {
		"abi", "btf", "maps", "syscall", "proptest/program", "proptest/kernel", "proptest/campaign", "recording", "profile",
	},

	"proptest/generator": {"abi", "btf", "explore", "proptest/program"},
	"proptest/campaign": {
		"abi", "model", "profile", "sim", "explore", "proptest/program", "proptest/kernel", "proptest/generator",
	},

	"semantics": {"abi", "btf", "profile", "proptest/program", "proptest/kernel"},
	"conform":   {"abi", "proptest/kernel", "semantics"},

	"internal/prefetch": {},
	"internal/bubble":   {"sim"},
	"internal/mutants":  {},

	"bench": {"abi", "internal/prefetch", "maps", "syscall", "sim", "explore", "proptest/kernel", "proptest/campaign", "intercept"},
	"cmd/bpfsim": {
		"abi", "btf", "maps", "profile", "syscall", "fault", "sim", "model", "explore", "intercept", "bench", "vm", "patch",
		"proptest/program", "proptest/kernel", "proptest/generator", "proptest/campaign", "semantics", "conform", "recording",
		"recording/replay",
	},
}

type goPackage struct {
	ImportPath   string
	Dir          string
	Imports      []string
	TestImports  []string
	XTestImports []string
	GoFiles      []string
}

// listPackages asks the go command, on each system family, since files differ by build constraint.
func listPackages(t *testing.T) []goPackage {
	t.Helper()
	var all []goPackage
	for _, goos := range []string{"linux", "darwin", "windows"} {
		cmd := exec.Command("go", "list", "-pgo=off", "-json=ImportPath,Dir,Imports,TestImports,XTestImports,GoFiles", "./...")
		cmd.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
		out, err := cmd.Output()
		require.NoError(t, err, "go list")
		for dec := json.NewDecoder(bytes.NewReader(out)); dec.More(); {
			var p goPackage
			require.NoError(t, dec.Decode(&p))
			all = append(all, p)
		}
	}
	return all
}

// own is the package's path below the module, false for packages of others.
func own(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

func TestImportsGoDownOnly(t *testing.T) {
	for _, p := range listPackages(t) {
		name, _ := own(p.ImportPath)
		require.Contains(t, floors, name, "package %q has no floor: add it to DESIGN.md and here", name)
		for _, imported := range p.Imports {
			if below, ok := own(imported); ok {
				require.Contains(t, floors[name], below, "%s imports %s", name, below)
			}
		}
	}
}

// The specification must not share code with what it judges, nor lean on anybody else's.
func TestModelStandsAlone(t *testing.T) {
	for _, p := range listPackages(t) {
		if name, _ := own(p.ImportPath); name != "model" {
			continue
		}
		for _, imported := range p.Imports {
			_, isOwn := own(imported)
			standard := !strings.Contains(strings.Split(imported, "/")[0], ".")
			require.True(t, standard || isOwn, "model imports %s", imported)
		}
		for _, imported := range append(p.TestImports, p.XTestImports...) {
			below, isOwn := own(imported)
			require.True(t, !isOwn || below == "abi" || below == "model", "a test of model imports %s", imported)
		}
	}
}

func goFiles(t *testing.T) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") {
			files = append(files, filepath.ToSlash(path))
		}
		return err
	}))
	return files
}

func TestUnsafeOnlyInUnsafeFiles(t *testing.T) {
	for _, path := range goFiles(t) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range file.Imports {
			if spec.Path.Value == `"unsafe"` {
				name := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(path), "_test.go"), ".go")
				require.True(t, strings.HasSuffix(name, "_unsafe") || strings.Contains(name, "_unsafe_"), path)
			}
		}
	}
}

// Real bpf(2) calls belong to proptest/kernel; intercept names the number in its filter, patch what it takes the place of.
func TestRealSystemCallHasOnePlace(t *testing.T) {
	for _, path := range goFiles(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if !bytes.Contains(text, []byte("SYS_"+"BPF")) {
			continue
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		require.Contains(t, []string{"proptest/kernel", "intercept", "bpftest", "bpftest/client", "bpftest/early", "patch"}, dir, "%s calls the real bpf(2)", path)
	}
}

// No package without its one-line answer to "what is this", and none without an example to start from.
func TestEveryPackageIntroducesItself(t *testing.T) {
	for name := range floors {
		require.FileExists(t, filepath.Join(name, "doc.go"))
		if name == "" || strings.HasPrefix(name, "cmd/") {
			continue
		}
		tests, err := filepath.Glob(filepath.Join(name, "*_test.go"))
		require.NoError(t, err)
		require.True(t, anyContains(t, tests, "func Example"), "package %s has no Example", name)
	}
}

func anyContains(t *testing.T, files []string, text string) bool {
	t.Helper()
	for _, file := range files {
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		if bytes.Contains(b, []byte(text)) {
			return true
		}
	}
	return false
}
