package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// Offsets in the attr of PROG_QUERY.
const (
	progQueryTarget      = 0
	progQueryType        = 4
	progQueryFlags       = 8
	progQueryAttachFlags = 12
	progQueryIDs         = 16
	progQueryCount       = 24
	progQueryProgFlags   = 32
	progQueryRevision    = 56
	progQueryEnd         = 64

	effective = 1 // BPF_F_QUERY_EFFECTIVE
)

// progQuery follows bpf_prog_query, which asks for the permission before it looks behind the last field: nothing is
// attached anywhere.
func (c *call) progQuery() abi.Errno {
	at := abi.AttachType(c.attr.u32(progQueryType))
	switch {
	case !c.proc.Caps.SysAdmin: // CAP_NET_ADMIN, which it holds
		return abi.EPERM
	case !allZero(c.attr[progQueryEnd:]), c.attr.u32(progQueryFlags)&^effective != 0:
		return abi.EINVAL
	}
	switch siteFor(at) {
	case atCgroup:
		return c.queryCgroup(at)
	case atNetNS:
		return c.queryNetNS()
	case atSockMap:
		return c.querySockMap()
	case atDevice:
		return c.queryDevice()
	}
	return abi.EINVAL
}

// queryCgroup follows cgroup_bpf_prog_query and __cgroup_bpf_query; LSM_MAC is attached to cgroups, but not queried.
func (c *call) queryCgroup(at abi.AttachType) abi.Errno {
	all := c.attr.u32(progQueryFlags) == effective
	switch {
	case at == abi.AttachLSMMac:
		return abi.EINVAL
	case c.proc.kind(c.attr.fd(progQueryTarget)) != CgroupDir:
		return abi.EBADF
	case all && c.attr.u64(progQueryProgFlags) != 0,
		at == abi.AttachLSMCgroup && c.wantsProgs() && c.attr.u64(progQueryProgFlags) == 0:
		return abi.EINVAL
	}
	if errno := c.nothingAttached(); errno != abi.OK || c.size < progQueryEnd {
		return errno
	}
	revision := uint64(1)
	if all || at == abi.AttachLSMCgroup {
		revision = 0
	}
	return c.putRevision(revision)
}

// wantsProgs tells whether the caller has room for the ids of programs.
func (c *call) wantsProgs() bool {
	return c.attr.u64(progQueryIDs) != 0 && c.attr.u32(progQueryCount) != 0
}

// queryNetNS follows netns_bpf_prog_query.
func (c *call) queryNetNS() abi.Errno {
	fd := c.attr.fd(progQueryTarget)
	switch {
	case c.attr.u32(progQueryFlags) != 0:
		return abi.EINVAL
	case c.proc.kind(fd) != NetNS:
		return c.noSuchObject(fd)
	}
	return c.nothingAttached()
}

// querySockMap follows sock_map_bpf_prog_query, which writes its results also where the map takes no programs.
func (c *call) querySockMap() abi.Errno {
	if c.attr.u32(progQueryFlags) != 0 {
		return abi.EINVAL
	}
	file, errno := c.file(c.attr.fd(progQueryTarget), abi.EBADF)
	if errno != abi.OK {
		return errno
	}
	defer c.leave(file)
	if file.m == nil {
		return abi.EINVAL
	}
	if errno := c.nothingAttached(); errno != abi.OK {
		return errno
	}
	return abi.EOPNOTSUPP
}

// queryDevice follows tcx_prog_query and bpf_mprog_query.
func (c *call) queryDevice() abi.Errno {
	switch {
	case !c.proc.device(c.attr.u32(progQueryTarget)):
		return abi.ENODEV
	case c.attr.u32(progQueryFlags) != 0, c.attr.u32(progQueryAttachFlags) != 0:
		return abi.EINVAL
	}
	if errno := c.putWord(c.addr+progQueryAttachFlags, 0); errno != abi.OK {
		return errno
	}
	if errno := c.putRevision(1); errno != abi.OK {
		return errno
	}
	return c.putWord(c.addr+progQueryCount, 0)
}

// nothingAttached writes that there are no programs and no flags.
func (c *call) nothingAttached() abi.Errno {
	if errno := c.putWord(c.addr+progQueryAttachFlags, 0); errno != abi.OK {
		return errno
	}
	return c.putWord(c.addr+progQueryCount, 0)
}

func (c *call) putRevision(n uint64) abi.Errno {
	var word [8]byte
	binary.LittleEndian.PutUint64(word[:], n)
	return c.copyOut(c.addr+progQueryRevision, word[:])
}
