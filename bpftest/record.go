package bpftest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// recordName is in the environment the directory into which the calls of each test's kernel are recorded.
const recordName = "BPFSIM_RECORD"

// RecordTo writes down each bpf(2) call of the test in a file, and what the test does in the place of programs, to be made again by `bpfsim replay FILE`,
// on Linux too (docs/record.md). Without it BPFSIM_RECORD in the environment names a directory, in which each test of each package has a file of its
// own. Maps of a recorded kernel have the hash seed 0, whatever Seed says. Inside of Explore nothing is recorded: its orders are replayed by their line.
func RecordTo(file string) KernelOption { return func(s *kernelSettings) { s.record = file } }

// recordTo is the absolute path of the file in which a test's calls are recorded, "" for none.
func (s *kernelSettings) recordTo(t testing.TB) string {
	t.Helper()
	_, explored := unwrapped(t).(*T)
	dir := os.Getenv(recordName)
	switch {
	case s.record != "" && explored:
		t.Fatal("bpftest: RecordTo: what Explore runs is not recorded: its line replays an order")
	case explored, s.record == "" && dir == "":
		return ""
	}
	file := s.record
	if file == "" {
		file = filepath.Join(dir, recordings.name(testPackage(), tenantOf(t).name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatalf("bpftest: %s: %v", recordName, err)
		}
	}
	file, err := filepath.Abs(file)
	if err != nil {
		t.Fatalf("bpftest: record: %v", err)
	}
	return file
}

// testPackage is the import path of the package that is tested.
func testPackage() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Path != "" && info.Path != "command-line-arguments" {
		return strings.TrimSuffix(info.Path, ".test")
	}
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
}

// recordings has the names of files that were given out.
var recordings recordingNames

type recordingNames struct {
	mu    sync.Mutex
	given map[string]int
}

// longestName is what file systems allow, less a number and an ending.
const longestName = 200

// name is that of a file for a kernel of a test: a directory for the package, and the test's name. Where a test has several, they are numbered.
func (r *recordingNames) name(pkg, test string) string {
	file := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, test)
	if len(file) > longestName || file != strings.ReplaceAll(test, "/", "_") {
		file = fmt.Sprintf("%s-%x", strings.ToValidUTF8(file[:min(len(file), longestName)], ""), sha256.Sum256([]byte(test)))[:min(len(file), longestName)+17]
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.given == nil {
		r.given = map[string]int{}
	}
	r.given[file]++
	if n := r.given[file]; n > 1 {
		file += fmt.Sprintf("#%d", n)
	}
	return filepath.Join(filepath.FromSlash(pkg), file+".rec")
}
