package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// ProgLoad loads a program. Only the part of the attr that feature probes fill in is named here.
type ProgLoad struct {
	Type     uint32            `attr:"prog_type"`
	InsnCnt  uint32            `attr:"insn_cnt"`
	Insns    uint64            `attr:"insns"`   // address of InsnCnt instructions of 8 bytes
	License  uint64            `attr:"license"` // address of a string
	LogLevel uint32            `attr:"log_level"`
	LogSize  uint32            `attr:"log_size"`
	LogBuf   uint64            `attr:"log_buf"`
	Flags    uint32            `attr:"prog_flags"`
	Name     [abi.NameLen]byte `attr:"prog_name"`
}

// Programs of libbpf's feature probes (probe_kern_prog_name and probe_memcg_account in its features.c and bpf.c):
// socket filters whose first instruction is one of these and whose second one is exit.
const (
	socketFilter = 1

	insnSize     = 8
	insnExit     = 0x95                      // exit
	insnMovR0    = 0xb7                      // r0 = imm
	insnCallTime = 0x85 | uint64(timeID)<<32 // call bpf_ktime_get_coarse_ns
	timeID       = 160
)

// progLoad accepts programs that libbpf loads only to see whether the kernel takes them, and makes an fd without a
// map. Everything else gets EPERM, the errno of a command that is not supported.
func (c *call) progLoad() (int32, abi.Errno) {
	var args ProgLoad
	args.Decode(c.attr)
	if errno := c.checkProbe(args); errno != abi.OK {
		return 0, errno
	}
	return c.install(nil, ReadWrite)
}

func (c *call) checkProbe(args ProgLoad) abi.Errno {
	switch {
	case !c.proc.Caps.BPF, args.Type != socketFilter, args.Flags != 0, args.InsnCnt != 2:
		return abi.EPERM
	}
	if errno := c.copyIn(c.kept().page[:1], args.License); errno != abi.OK {
		return errno
	}
	insns := c.kept().page[:2*insnSize]
	if errno := c.copyIn(insns, args.Insns); errno != abi.OK {
		return errno
	}
	if _, errno := objectName(args.Name); errno != abi.OK {
		return errno
	}
	if !trivial(binary.LittleEndian.Uint64(insns), binary.LittleEndian.Uint64(insns[insnSize:])) {
		return abi.EPERM
	}
	return abi.OK
}

// trivial reports whether the verifier could not but accept the two instructions.
func trivial(first, second uint64) bool {
	const immediate = uint64(0xffffffff) << 32
	sets := first&^immediate == insnMovR0 || first == insnCallTime
	return sets && second == insnExit
}
