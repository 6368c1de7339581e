package semantics

import (
	"errors"

	"github.com/bpfsim/bpfsim/abi"
)

// Implementation is something that has maps: a kernel, or whatever says that it does as one.
type Implementation interface {
	Name() string
	// Start forgets all maps and fds; root says whose the calls that follow are.
	Start(root bool) error
	// CPUs is the number of possible CPUs.
	CPUs() int
	// Do makes one call. The error is ErrUnsupported, or wraps it, where the implementation has nothing to be asked, and another one
	// where it did not answer as it must.
	Do(*Call) (Result, error)
}

// ErrUnsupported says that an implementation does not have what a step asks for: the statement is left out for it.
var ErrUnsupported = errors.New("not supported")

// Result is what came of a call.
type Result struct {
	Errno abi.Errno
	// Fields is what is in memory behind the fields that the call may write, and Wrote which of them it did write.
	Fields map[string][]byte
	Wrote  map[string]bool
	// Stray says what else was written.
	Stray string
}
