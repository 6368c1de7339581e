package profile

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

// Row is one difference between series that a user of maps can see.
type Row struct {
	Name string
	// Since is the first series that does as Now says; series before do as Before says.
	Since       abi.Release
	Before, Now string
	// Backports are older series that do as Now says, too, by the stable version that brought it.
	Backports map[abi.Release]string
	// Source is where it is known from: the kernel's file, and what was measured.
	Source string
	// Check is a program of calls (package program), without its machine, whose last step ends with Was before and with Is since.
	Caller  Caller
	Check   string
	Was, Is abi.Errno

	// undo makes a profile what it was before.
	undo func(*Profile)
}

// Caller is who makes the calls of a check.
type Caller uint8

// Callers.
const (
	Root    Caller = iota
	BPFOnly        // has CAP_BPF alone
	Nobody         // has no capability
)

// Machine is a machine of a series as a check's program begins with.
func (r Row) Machine(s abi.Release, cpus int) string {
	return fmt.Sprintf("machine cpus=%d bpf=%t sysadmin=%t linux=%s\n", cpus, r.Caller != Nobody, r.Caller == Root, s)
}

// In reports whether a series does as Now says.
func (r Row) In(s abi.Release) bool {
	_, backported := r.Backports[s]
	return backported || s >= r.Since
}
