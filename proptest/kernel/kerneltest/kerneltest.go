package kerneltest

import (
	"fmt"
	"os"
	"sync"
	"testing"
)

// Need skips the test when refused says why the kernel cannot be had; where BPFSIM_REQUIRE_KERNEL is set it fails it. go
// test hides what passing tests print, and a comparison that did not take place looks like one that passed: the first
// skip of a process is told to the terminal, if there is one.
func Need(t testing.TB, refused error) {
	t.Helper()
	if refused == nil {
		return
	}
	if os.Getenv("BPFSIM_REQUIRE_KERNEL") != "" {
		t.Fatalf("no comparison with the running kernel: %v", refused)
		return
	}
	once.Do(func() { tell(fmt.Sprintf("%s: not compared with the running kernel: %v\n", t.Name(), refused)) })
	t.Skipf("not compared with the running kernel: %v", refused)
}

var once sync.Once

// tell writes past go test, which has this process's standard output and standard error.
func tell(line string) {
	terminal, err := os.OpenFile("/dev/tty", os.O_WRONLY, 0)
	if err != nil {
		fmt.Fprint(os.Stderr, line)
		return
	}
	defer terminal.Close()
	fmt.Fprint(terminal, line)
}
