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
	if err := t.ended(); err != nil {
		return reply{}, err
	}
	return t.link.do(q)
}

// ended is the error of a test that has ended.
func (t *tenure) ended() error {
	if t.over.Load() {
		return fmt.Errorf("%s %w", t.test, errEnded)
	}
	return nil
}

func (t *tenure) free() {
	t.over.Store(true)
	t.link.free()
}
