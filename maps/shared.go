//go:build !steps

package maps

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// What real goroutines keep each other out with, and count elements with. The build with the tag steps has types of the same
// names that package sim can stop before each access (sharedsteps.go), so that tests explore the schedules of these very lines.
type (
	sharedFlag  = atomic.Bool
	sharedWord  = atomic.Uint64
	sharedCount = atomic.Uint32
	mutex       = sync.Mutex
)

// giveWay gives up the CPU to whom the caller waits for.
func giveWay() { runtime.Gosched() }

// patience is the number of looks at a hazard before the reader on it may have lost its CPU: giving up one's own takes
// longer than most lookups.
const patience = 100

// reopenAfter is the number of readers in a row that make it likely that many more will come.
const reopenAfter = 32

// inside stands in the middle of what a goroutine does inside of a stripe, where a build with steps lets others in.
func inside() {}
