package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// site is a kind of place where programs are attached without a link.
type site struct {
	flags  uint32 // attach_flags; 0 for those of places with one program
	attach func(*attaching) abi.Errno
	detach func(*attaching) abi.Errno // nil where nothing can be detached
	query  func(*querying) abi.Errno  // likewise
}

var (
	cgroupSite = &site{baseFlags | orderFlags, attachCgroup, detachCgroup, queryCgroup}
	deviceSite = &site{orderFlags, attachDevice, detachDevice, queryDevice}
	netkitSite = &site{orderFlags, attachNetkit, detachNetkit, queryNetkit}
	sockSite   = &site{0, attachSockMap, detachSockMap, querySockMap}
	netnsSite  = &site{0, attachNetNS, detachNetNS, queryNetNS}
	lircSite   = &site{attach: attachLIRC}
	linkedSite = &site{attach: onlyLinked} // programs that only links attach
)

// siteOf is where programs of an attach type are attached, nil where they are not.
func siteOf(at abi.AttachType) *site {
	switch progOf(at) {
	case abi.ProgUnspec:
		return nil
	case abi.ProgSKSKB, abi.ProgSKMsg:
		return sockSite
	case abi.ProgFlowDissector, abi.ProgSKLookup:
		return netnsSite
	case abi.ProgSchedCLS:
		if at == abi.AttachTCXIngress || at == abi.AttachTCXEgress {
			return deviceSite
		}
		return netkitSite
	case abi.ProgLIRCMode2:
		return lircSite
	case abi.ProgTracing, abi.ProgXDP:
		return linkedSite
	}
	return cgroupSite
}

func onlyLinked(*attaching) abi.Errno { return abi.EINVAL }

// attachLIRC: no fd here is a device of lirc_dev.
func attachLIRC(a *attaching) abi.Errno {
	if a.Flags != 0 {
		return abi.EINVAL
	}
	return a.noSuchObject(a.Target)
}
