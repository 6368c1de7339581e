package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Refusal is a call that Linux would have gone on with and that ends here, because what it asks for is not simulated.
// Two are of one kind when they are equal.
type Refusal struct {
	Call  string // the system call, "" for bpf(2)
	Cmd   abi.Cmd
	What  string // what of the command, such as "type KPROBE", or "" for all of it
	Errno abi.Errno
}

// String is the line that tells a user of the refusal.
func (r Refusal) String() string {
	text := r.Subject() + " is not simulated"
	if r.Errno == abi.OK { // the call went on without it
		return text
	}
	return text + ": " + r.Errno.String()
}

// Subject is what is not simulated.
func (r Refusal) Subject() string {
	name := r.Call
	if name == "" {
		name = r.Cmd.String()
	}
	if r.What == "" {
		return name
	}
	return name + " of " + r.What
}

// refuse reports a refusal and is its errno.
func (c *call) refuse(r Refusal) abi.Errno {
	c.kernel.refuse(r)
	return r.Errno
}

func (k *Kernel) refuse(r Refusal) {
	if k.options.Refused != nil {
		k.options.Refused(r)
	}
}
