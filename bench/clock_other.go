//go:build !linux

package bench

import "time"

var start = time.Now()

// now is the time that passes, as no portable clock counts a thread's own.
func now() time.Duration { return time.Since(start) }
