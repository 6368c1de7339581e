//go:build linux && (amd64 || arm64)

package early

import "runtime"

// mostTold is how many places are told of.
const mostTold = 4

var told []string

// tell says on standard error who makes a call. It goes without packages that would have to be initialised before this one.
func tell(cmd uint64) {
	place := caller()
	if place == "" {
		return
	}
	for _, other := range told {
		if other == place {
			return
		}
	}
	if len(told) == mostTold {
		return
	}
	if len(told) == 0 {
		println("bpftest: bpf(2) is answered with ENOSYS before bpftest.Main. Behind a filter this first process plays the kernel for a second one," +
			" which is answered from its start; if initialisation ends the process for want of BPF, take the road that answers it: bpfsim test." +
			" Tests that call no Main since they are for the host's kernel want BPFSIM_ROAD=host.")
	}
	told = append(told, place)
	println("bpftest: bpf(2) command", cmd, "of", place, "is answered with ENOSYS")
}

// libraries are whose functions make calls for others.
var libraries = []string{"syscall.", "runtime.", "internal/", "golang.org/x/sys/unix.", "github.com/cilium/ebpf.", "github.com/cilium/ebpf/"}

// caller is the function and line that waits in a system call, of one of the goroutines: the initialising one is the first. It is "" where a library
// asks by itself, as cilium/ebpf/rlimit does: that bears the answer.
func caller() string {
	text := make([]byte, 64<<10)
	lines := split(string(text[:runtime.Stack(text, true)]))
	inCall := false
	for i, line := range lines {
		switch {
		case begins(line, "goroutine "):
			inCall = holds(line, "[syscall")
		case inCall && i+1 < len(lines) && begins(lines[i+1], "\t") && !begins(line, "created by ") && !isLibrary(line) && !holds(line, "bpftest/early."):
			return function(line) + " at " + place(lines[i+1])
		}
	}
	return ""
}

func isLibrary(function string) bool {
	for _, name := range libraries {
		if begins(function, name) {
			return true
		}
	}
	return false
}

// function is the name of "NAME(ARGUMENTS)".
func function(line string) string {
	for i := len(line) - 1; i > 0; i-- {
		if line[i] == '(' {
			return line[:i]
		}
	}
	return line
}

// place is "FILE:LINE" of "\tFILE:LINE +0xOFFSET".
func place(line string) string {
	for i := range line {
		if begins(line[i:], " +0x") {
			return line[1:i]
		}
	}
	return line[1:]
}

func begins(text, with string) bool { return len(text) >= len(with) && text[:len(with)] == with }

func holds(text, part string) bool {
	for i := range text {
		if begins(text[i:], part) {
			return true
		}
	}
	return false
}

func split(text string) (lines []string) {
	for start, i := 0, 0; i < len(text); i++ {
		if text[i] == '\n' {
			lines, start = append(lines, text[start:i]), i+1
		}
	}
	return lines
}
