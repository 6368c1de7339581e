package trace

import (
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"golang.org/x/sys/unix"
)

// message is what strerror(3) says.
func message(errno abi.Errno) string {
	text := unix.Errno(errno).Error()
	if number, ok := strings.CutPrefix(text, "errno "); ok {
		return "Unknown error " + number
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
