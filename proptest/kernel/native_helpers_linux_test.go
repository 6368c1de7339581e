package kernel

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// attachTypesOf are places where Linux takes programs of a type with one helper or another.
var attachTypesOf = map[abi.ProgType][]abi.AttachType{
	abi.ProgCgroupSock:     {abi.AttachCgroupInetSockCreate, abi.AttachCgroupInetSockRelease},
	abi.ProgSockOps:        {0, 2},
	abi.ProgCgroupDevice:   {0, abi.AttachCgroupDevice},
	abi.ProgCgroupSockAddr: {abi.AttachCgroupInet4Bind, abi.AttachCgroupInet4Connect, abi.AttachCgroupUnixConnect},
	abi.ProgCgroupSysctl:   {0, abi.AttachCgroupSysctl},
	abi.ProgCgroupSockopt:  {abi.AttachCgroupGetsockopt, abi.AttachCgroupSetsockopt},
	abi.ProgSKLookup:       {abi.AttachSKLookup},
	abi.ProgNetfilter:      {abi.AttachNetfilter},
}

// overrideReturn is there only where a kernel was built for it.
const overrideReturn = 58

// A helper is refused where Linux refuses it: by type, place, license and capability. What else is wrong with such a call, which
// has no arguments, is not asked here.
func TestHelpersAsLinux(t *testing.T) {
	asEach(t, func(t *testing.T, n *native, _ *rand.Rand) {
		if !n.process.Caps.BPF {
			return
		}
		refused, allowed := 0, 0
		for kind := abi.ProgSocketFilter; kind < abi.NumProgTypes; kind++ {
			places := attachTypesOf[kind]
			if places == nil {
				places = []abi.AttachType{0}
			}
			for _, at := range places {
				r, a := n.helpers(kind, at)
				refused, allowed = refused+r, allowed+a
			}
		}
		require.Greater(t, refused, 300)
		require.Greater(t, allowed, 300)
	})
}

// helpers compares all helpers in programs of a kind that load at all.
func (n *native) helpers(kind abi.ProgType, at abi.AttachType) (refused, allowed int) {
	load := func(code []uint64) (linux, sim abi.Errno, logs []string) {
		args := n.socketFilter(code)
		args.Type, args.AttachType = kind, at
		if kind == abi.ProgSyscall {
			args.Flags = 1 << 4 // it may sleep
		}
		text, errnos := n.verdicts(args)
		return errnos[1], errnos[0], text
	}
	if linux, _, _ := load([]uint64{0xb7, exitR0}); linux != abi.OK {
		return 0, 0
	}
	for helper := uint64(1); helper < 220; helper++ {
		if kind == abi.ProgKprobe && helper == overrideReturn {
			continue
		}
		_, sim, logs := load([]uint64{0x85 | helper<<32, 0xb7, exitR0})
		no := aboutHelper(logs[1])
		require.Equal(n, no != "", sim == abi.EINVAL, "%v at %v, helper %d: %s", kind, at, helper, logs)
		require.Equal(n, no, aboutHelper(logs[0]))
		if no != "" {
			refused++
		} else {
			allowed++
		}
	}
	return refused, allowed
}

// aboutHelper is the line of a log that speaks of a helper that a program may not call.
func aboutHelper(log string) string {
	for line := range strings.Lines(log) {
		for _, words := range []string{"invalid func ", "program of this type", "GPL-restricted", "not allowed in probe", "might sleep"} {
			if strings.Contains(line, words) {
				return line
			}
		}
	}
	return ""
}
