package bpftest

import "time"

// SetLongest sets how long what stands for a program may take, until the function it returns is called.
func SetLongest(d time.Duration) (restore func()) {
	before := longest
	longest = d
	return func() { longest = before }
}
