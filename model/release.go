package model

import "github.com/bpfsim/bpfsim/abi"

// attrSize is sizeof(union bpf_attr): measured on 6.18; in 6.12 PROG_LOAD, its longest member, ends with prog_token_fd.
func (r Release) attrSize() int {
	if r == V612 {
		return 152
	}
	return abi.AttrSize
}

// createEnd is the end of MAP_CREATE's last field: excl_prog_hash came after 6.12.
func (r Release) createEnd() int {
	if r == V612 {
		return abi.CreateExclProgHash
	}
	return abi.CreateExclProgHashSize + 4
}

// commands is the first command number that is unknown: PROG_STREAM_READ_BY_FD came after 6.12.
func (r Release) commands() abi.Cmd {
	if r == V612 {
		return abi.ProgStreamReadByFD
	}
	return abi.NumLinuxCmds
}

// infoSize is sizeof(struct bpf_map_info), infoEnd the end of its last field: hash and hash_size came after 6.12.
func (r Release) infoSize() int {
	if r == V612 {
		return abi.MapInfoHash
	}
	return abi.MapInfoSize
}
