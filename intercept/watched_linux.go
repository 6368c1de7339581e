//go:build linux && (amd64 || arm64)

package intercept

import "golang.org/x/sys/unix"

// The filter cannot tell what a fd is, and to look at each message that programs send to anybody, and at all that they write, would
// cost too much. So the files of which such calls have to be answered get numbers that few others have, below what select(2) and the
// usual RLIMIT_NOFILE allow.
const (
	firstWatchedFD = 960
	lastWatchedFD  = 1023
)

// watchedCalls are looked at for these numbers alone.
var watchedCalls = []int{unix.SYS_WRITE, unix.SYS_SENDTO, unix.SYS_SENDMSG, unix.SYS_RECVFROM, unix.SYS_RECVMSG}
