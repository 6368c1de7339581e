package bpfsys

import "github.com/bpfsim/bpfsim/btf"

// validLog follows bpf_vlog_init and bpf_verifier_log_attr_valid of a log that BTF or a program is loaded with.
func validLog(level uint32, addr uint64, size uint32) bool {
	_, ok := btf.NewLog(level, addr != 0, size)
	return ok
}
