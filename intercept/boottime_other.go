//go:build !linux

package intercept

import "time"

// SinceBoot is 0: nothing can be run here.
func SinceBoot() time.Duration { return 0 }
