package main

import (
	"os"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// hostBTF are the types of the kernel that this runs on, nil where they cannot be read: programs under run read the same file, and
// name its types by number.
func hostBTF() *btf.BTF {
	data, err := os.ReadFile("/sys/kernel/btf/vmlinux")
	if err != nil {
		return nil
	}
	log, _ := btf.NewLog(0, false, 0)
	types, errno := btf.Load(data, log)
	if errno != abi.OK {
		return nil
	}
	return types
}
