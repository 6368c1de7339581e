//go:build !linux

package trace

import "github.com/bpfsim/bpfsim/abi"

// message is the errno's name: other systems have other numbers.
func message(errno abi.Errno) string { return errno.String() }
