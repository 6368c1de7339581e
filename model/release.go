package model

import "github.com/bpfsim/bpfsim/abi"

// release is the series of Linux whose rules hold.
func (x *run) release() abi.Release { return x.state.config.release() }

func (c Config) release() abi.Release {
	if c.Release == 0 {
		return abi.Latest
	}
	return c.Release
}

// attrSize is sizeof(union bpf_attr): its longest member is PROG_LOAD's, which ends with core_relo_rec_size in 6.1 and with
// prog_token_fd in 6.12.
func (x *run) attrSize() int {
	switch r := x.release(); {
	case r <= abi.Linux61:
		return 144
	case r <= abi.Linux612:
		return 152
	}
	return abi.AttrSize
}

// createEnd is the end of MAP_CREATE's last field: map_extra in 6.1, map_token_fd in 6.12.
func (x *run) createEnd() int {
	switch r := x.release(); {
	case r <= abi.Linux61:
		return abi.CreateMapExtra + 8
	case r <= abi.Linux612:
		return abi.CreateMapTokenFD + 4
	}
	return abi.CreateExclProgHashSize + 4
}

// knowsCommand is so for the commands of a series: 6.1 ends with PROG_BIND_MAP, 6.12 with TOKEN_CREATE.
func (x *run) knowsCommand(c abi.Cmd) bool {
	switch r := x.release(); {
	case r <= abi.Linux61:
		return c <= abi.ProgBindMap || c >= abi.NumLinuxCmds
	case r <= abi.Linux612:
		return c <= abi.TokenCreate || c >= abi.NumLinuxCmds
	}
	return true
}

// knowsType is so for the map types of a series: 6.1 ends with USER_RINGBUF.
func (x *run) knowsType(t abi.MapType) bool {
	return t <= abi.UserRingBuf || t < abi.NumMapTypes && x.release() > abi.Linux61
}

// infoSize is sizeof(struct bpf_map_info), infoEnd the end of its last field: hash and hash_size came after 6.12.
func (x *run) infoSize() int {
	if x.release() <= abi.Linux612 {
		return abi.MapInfoMapExtra + 8
	}
	return abi.MapInfoSize
}

func (x *run) infoEnd() int {
	if x.release() <= abi.Linux612 {
		return abi.MapInfoMapExtra + 8
	}
	return abi.MapInfoEnd
}

// keepsInfo is that the caller's struct bpf_map_info is read and what is no field of the map's left in it.
func (x *run) keepsInfo() bool { return x.release() > abi.Linux612 }

// ends61 are the ends of attr in 6.1 of commands that got fields since.
var ends61 = map[abi.Cmd]int{
	abi.ObjPin: 16, abi.ObjGet: 16, abi.BTFLoad: 28, abi.ProgLoad: 140, abi.LinkCreate: 48, abi.ProgQuery: 40, abi.RawTracepointOpen: 12,
	abi.BTFGetFDByID: 4,
}

// oldEnd is the end of a command's fields where the series has fewer.
func (x *run) oldEnd(c abi.Cmd) (end int, differs bool) {
	switch r := x.release(); {
	case r <= abi.Linux61:
		end, differs = ends61[c]
	case r <= abi.Linux612:
		end, differs = ends612[c]
	}
	return end, differs
}

// logSize is so where BTF_LOAD and PROG_LOAD tell the size of a log.
func (x *run) logSize() bool { return x.release() > abi.Linux61 }

// pathFlag is BPF_F_PATH_FD where it is known.
func (x *run) pathFlag() uint32 {
	if x.release() <= abi.Linux61 {
		return 0
	}
	return abi.FlagPathFD
}

// oldRights is that MAP_CREATE and PROG_LOAD look at the caller's capabilities before attr, types of the network before sizes, and MAP_FREEZE
// at them alone.
func (x *run) oldRights() bool { return x.release() <= abi.Linux61 }

// lockFreezes is that a map is frozen whose values have nothing but a spin lock.
func (x *run) lockFreezes(o *object) bool {
	return x.release() <= abi.Linux61 && len(o.typed.fields) == 1 && o.typed.has(spinLock)
}

// lockErrno is what a type answers whose values may have no spin lock.
func (c Config) lockErrno() abi.Errno {
	if c.release() <= abi.Linux61 {
		return abi.ENOTSUPP
	}
	return abi.EOPNOTSUPP
}

// ends612 are those of 6.12 that neither 6.1 nor 6.18 has.
var ends612 = map[abi.Cmd]int{abi.ProgLoad: 148, abi.BTFGetFDByID: 4}

// innerMoves is that a HASH_OF_MAPS is updated like a HASH.
func (c Config) innerMoves() bool { return c.release() <= abi.Linux612 }

// has reports whether maps like o have a command in the series: stacks are not taken before 6.18.
func (x *run) has(o *object, c abi.Cmd) bool {
	return o.has(c) && (o.kind != abi.StackTrace || x.release() > abi.Linux612)
}

// lruTarget is how many nodes a refill of a common LRU wants. Debian's 6.12 (6.12.117) has the rule of 6.16.
func (c Config) lruTarget(max uint32) int {
	if c.release() <= abi.Linux61 {
		return targetCommon
	}
	return clamp(int(max)/c.CPUs/2, 1, targetCommon)
}
