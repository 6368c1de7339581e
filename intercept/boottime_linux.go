package intercept

import (
	"time"

	"golang.org/x/sys/unix"
)

// SinceBoot is the time since the host booted, which is how clients read when a program was loaded.
func SinceBoot() time.Duration {
	var now unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &now) != nil {
		return 0
	}
	return time.Duration(now.Nano())
}
