package live

import "sync/atomic"

// Clock gives all threads instants of one order: a number that was drawn before another one is smaller. It says
// nothing about how much time lies between.
type Clock struct{ last atomic.Int64 }

// Now is the next instant.
func (c *Clock) Now() int64 { return c.last.Add(1) }
