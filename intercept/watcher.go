package intercept

import "github.com/bpfsim/bpfsim/abi"

// Watcher is told of the calls of its own process, on the goroutines that make them.
type Watcher interface {
	// Begin comes before a call touches the kernel, and may keep it waiting. It returns the CPU that the call is to run on. The attr is
	// valid until End.
	Begin(cmd abi.Cmd, attr []byte) (cpu int)
	// End comes when the call has its result, with the attr as the caller will find it.
	End(cmd abi.Cmd, attr []byte, ret int32, errno abi.Errno)
}
