package bpfsim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	fuzzTarget = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	buildLine  = regexp.MustCompile(`(?m)^target (\S+) (\S+)$`)
)

// fuzzTargets are the folders and names of all fuzz targets.
func fuzzTargets(t *testing.T) (targets []string) {
	for _, path := range goFiles(t) {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, match := range fuzzTarget.FindAllSubmatch(text, -1) {
			targets = append(targets, filepath.ToSlash(filepath.Dir(path))+" "+string(match[1]))
		}
	}
	slices.Sort(targets)
	return targets
}

func TestOSSFuzzBuildsEveryTarget(t *testing.T) {
	text, err := os.ReadFile("oss-fuzz/build.sh")
	require.NoError(t, err)
	var built []string
	for _, match := range buildLine.FindAllSubmatch(text, -1) {
		built = append(built, string(match[1])+" "+string(match[2]))
	}
	slices.Sort(built)
	require.Equal(t, fuzzTargets(t), built)
	require.NotEmpty(t, built)
}

// compiler stands for OSS-Fuzz's own: it makes ordinary files of the tests in a folder and builds the package.
const compiler = `#!/bin/sh -eu
cd "$(go list -f '{{.Dir}}' "$1")"
for test in *_test.go; do mv "$test" "${test%_test.go}_asfuzz_test_.go"; done
grep -q "^func $2(" *_asfuzz_test_.go
go build .
for test in *_asfuzz_test_.go; do mv "$test" "${test%_asfuzz_test_.go}_test.go"; done
echo "built $2"
`

// The script runs, on a copy, and each target's package compiles the way OSS-Fuzz makes it.
func TestOSSFuzzScriptRuns(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash here: ", err)
	}
	require.NoError(t, exec.Command(bash, "-n", "oss-fuzz/build.sh").Run())
	src, bin := t.TempDir(), t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(src, "bpfsim"), os.DirFS(".")))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "compile_native_go_fuzzer_v2"), []byte(compiler), 0o755))
	goBinary, err := exec.LookPath("go")
	require.NoError(t, err)
	wrapper := "#!/bin/sh\n[ \"$1\" = get ] || exec " + goBinary + " \"$@\"\n" // there is nothing to get without a network
	require.NoError(t, os.WriteFile(filepath.Join(bin, "go"), []byte(wrapper), 0o755))
	cmd := exec.Command(bash, "-eu", "oss-fuzz/build.sh")
	cmd.Env = append(os.Environ(), "SRC="+src, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	require.Equal(t, len(fuzzTargets(t)), strings.Count(string(out), "built Fuzz"), "%s", out)
}
