package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// verifierLog is where a caller wants to read why a program or BTF was refused.
type verifierLog struct {
	level, size uint32
	addr        uint64
}

// valid follows bpf_vlog_init and bpf_verifier_log_attr_valid.
func (l verifierLog) valid() bool {
	_, ok := btf.NewLog(l.level, l.addr != 0, l.size)
	return ok
}

// refuseLogged is refuse of what has a log: clients show it, and libbpf and cilium/ebpf look there for helpers that
// a kernel does not have. The hint ends the line.
func (c *call) refuseLogged(r Refusal, log verifierLog, hint string) abi.Errno {
	text := append([]byte("bpfsim: "+r.String()+hint+"\n"), 0)
	if int(log.size) < len(text) {
		text = append(text[:max(log.size, 1)-1], 0)[:log.size]
	}
	if errno := c.copyOut(log.addr, text); errno != abi.OK {
		return errno
	}
	return c.refuse(r)
}

// readable reports EFAULT where one of n bytes from addr on cannot be read.
func (c *call) readable(addr, n uint64) abi.Errno {
	page := c.kept().page[:]
	for done := uint64(0); done < n; {
		part := page[:min(n-done, uint64(len(page)))]
		if errno := c.copyIn(part, addr+done); errno != abi.OK {
			return errno
		}
		done += uint64(len(part))
	}
	return abi.OK
}
