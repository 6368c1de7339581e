package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// site is where programs can be attached without a link.
type site uint8

const (
	nowhereAttached site = iota // only by a link, or not at all
	oneProgram                  // one program a target, whatever that is
	atCgroup
	atSockMap
	atNetNS
	atDevice // TCX: several programs in an order
	atNetkit // likewise, and the device must be a netkit, of which there is none
)

// sites are those of the attach types.
var sites = func() (all [abi.NumAttachTypes]site) {
	for t := range all {
		all[t] = siteOf(abi.AttachType(t))
	}
	return all
}()

func siteOf(t abi.AttachType) site {
	switch t {
	case abi.AttachSKSKBStreamParser, abi.AttachSKSKBStreamVerdict, abi.AttachSKMsgVerdict, abi.AttachSKSKBVerdict:
		return atSockMap
	case abi.AttachFlowDissector, abi.AttachSKLookup:
		return atNetNS
	case abi.AttachTCXIngress, abi.AttachTCXEgress:
		return atDevice
	case abi.AttachNetkitPrimary, abi.AttachNetkitPeer:
		return atNetkit
	case abi.AttachLIRCMode2, abi.AttachTraceRawTP, abi.AttachTraceFEntry, abi.AttachTraceFExit, abi.AttachModifyReturn,
		abi.AttachTraceIter, abi.AttachXDP:
		return oneProgram
	case abi.AttachXDPDevMap, abi.AttachXDPCPUMap, abi.AttachSKReuseportSelect, abi.AttachSKReuseportSelectOrMigrate,
		abi.AttachPerfEvent, abi.AttachTraceKprobeMulti, abi.AttachStructOps, abi.AttachNetfilter,
		abi.AttachTraceUprobeMulti, abi.AttachTraceKprobeSession, abi.AttachTraceUprobeSession:
		return nowhereAttached
	}
	return atCgroup
}

func siteFor(t abi.AttachType) site {
	if t >= abi.NumAttachTypes {
		return nowhereAttached
	}
	return sites[t]
}

// Offsets in the attr of PROG_ATTACH and PROG_DETACH.
const (
	attachTarget   = 0
	attachProg     = 4
	attachType     = 8
	attachFlags    = 12
	attachReplace  = 16
	attachRelative = 20
	attachRevision = 24
)

// attach_flags.
const (
	allowOverride = 1 << 0
	allowMulti    = 1 << 1
	replaceProg   = 1 << 2
	beforeProg    = 1 << 3
	afterProg     = 1 << 4
	byID          = 1 << 5
	preorder      = 1 << 6
	byLink        = 1 << 13

	baseFlags  = allowOverride | allowMulti | replaceProg | preorder
	orderFlags = replaceProg | beforeProg | afterProg | byID | byLink
)

// attaching is the attr of PROG_ATTACH and PROG_DETACH.
type attaching struct {
	target, prog int32
	at           abi.AttachType
	flags        uint32
	replace      int32
	relative     uint32
	revision     uint64
}

func (c *call) attaching() attaching {
	return attaching{
		target: c.attr.fd(attachTarget), prog: c.attr.fd(attachProg), at: abi.AttachType(c.attr.u32(attachType)),
		flags: c.attr.u32(attachFlags), replace: c.attr.fd(attachReplace), relative: c.attr.u32(attachRelative),
		revision: c.attr.u64(attachRevision),
	}
}

// progAttach follows bpf_prog_attach. No program that can be loaded here is of a type that can be attached.
func (c *call) progAttach() abi.Errno {
	a := c.attaching()
	if !a.attachable() {
		return abi.EINVAL
	}
	return c.unfit(a.prog)
}

func (a *attaching) attachable() bool {
	switch siteFor(a.at) {
	case nowhereAttached:
		return false
	case atDevice, atNetkit:
		return a.flags&^orderFlags == 0
	case atCgroup:
		return a.flags&^(baseFlags|orderFlags) == 0
	}
	return a.flags&^baseFlags == 0 && a.relative == 0 && a.revision == 0
}

// progDetach follows bpf_prog_detach.
func (c *call) progDetach() abi.Errno {
	a := c.attaching()
	switch siteFor(a.at) {
	case atCgroup:
		return c.detachCgroup(a)
	case atSockMap:
		return c.detachSockMap(a)
	case atNetNS:
		return c.detachNetNS(a)
	case atDevice, atNetkit:
		return c.detachOrdered(a)
	}
	return abi.EINVAL
}

// bare tells whether only the target and the program are named.
func (a *attaching) bare() bool {
	return a.flags == 0 && a.replace == 0 && a.relative == 0 && a.revision == 0
}

func (c *call) detachCgroup(a attaching) abi.Errno {
	switch {
	case a.flags != 0, a.relative != 0:
		return abi.EINVAL
	case c.proc.kind(a.target) != CgroupDir:
		return abi.EBADF
	case a.at == abi.AttachLSMMac:
		return abi.EINVAL
	}
	return abi.ENOENT
}

// detachNetNS follows netns_bpf_prog_detach, which is for the caller's own namespace; SK_LOOKUP is only linked.
func (c *call) detachNetNS(a attaching) abi.Errno {
	if a.flags != 0 || a.relative != 0 || a.revision != 0 || a.target != 0 || a.at == abi.AttachSKLookup {
		return abi.EINVAL
	}
	return c.unfit(a.prog)
}

// detachSockMap: no map that can be made here takes programs.
func (c *call) detachSockMap(a attaching) abi.Errno {
	if !a.bare() {
		return abi.EINVAL
	}
	file, errno := c.file(a.target, abi.EBADF)
	if errno != abi.OK {
		return errno
	}
	defer c.leave(file)
	if file.m == nil {
		return abi.EINVAL
	}
	return c.unfit(a.prog)
}

func (c *call) detachOrdered(a attaching) abi.Errno {
	switch {
	case a.flags&^orderFlags != 0:
		return abi.EINVAL
	case a.prog != 0:
		return c.unfit(a.prog)
	case !c.proc.Caps.SysAdmin: // CAP_NET_ADMIN, which it holds
		return abi.EPERM
	case siteFor(a.at) == atNetkit:
		return abi.EINVAL
	case !c.proc.device(uint32(a.target)):
		return abi.ENODEV
	}
	return abi.ENOENT
}
