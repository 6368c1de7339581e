package bpftest

import (
	"errors"
	"fmt"
	"sync/atomic"
)

// errEnded is what a handle answers that outlives its test.
var errEnded = errors.New("has ended, and this handle with it: call bpftest.Kernel in each test, and use it before the functions run that t.Cleanup was " +
	"given before that")

// tenure is a test's way to its kernel, as long as it lasts: where calls go to another process, the same way is the next test's.
type tenure struct {
	link
	test string
	over atomic.Bool
}

func (t *tenure) do(q request) (reply, error) {
	if t.over.Load() {
		return reply{}, fmt.Errorf("%s %w", t.test, errEnded)
	}
	return t.link.do(q)
}

func (t *tenure) free() {
	t.over.Store(true)
	t.link.free()
}
