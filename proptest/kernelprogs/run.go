package kernelprogs

import (
	"encoding/binary"
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/explore"
	"github.com/cilium/ebpf"
)

// packetBytes is the least that BPF_PROG_TEST_RUN takes as a packet: an Ethernet header.
const packetBytes = 14

// Run makes a program do op on a key of the map behind fd, on the CPU of the calling thread. value is what it writes. The errno is
// the helper's, ENOENT for a lookup that finds nothing. It is a kernel.ProgramRunner.
func Run(fd int32, op explore.Op, key, value []byte) (abi.Errno, error) {
	instructions, err := assemble(int(fd), op, key, value)
	if err != nil {
		return 0, err
	}
	program, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SocketFilter, Instructions: instructions, License: "GPL"})
	if err != nil {
		return 0, fmt.Errorf("load a program for %s: %w", op, err)
	}
	defer program.Close()
	result, err := program.Run(&ebpf.RunOptions{Data: make([]byte, packetBytes)})
	if err != nil {
		return 0, fmt.Errorf("run a program for %s: %w", op, err)
	}
	return abi.Errno(-int32(result)), nil
}

// words are the 8-byte words of a value.
func words(value []byte) []int64 {
	var all []int64
	for at := 0; at < len(value); at += 8 {
		all = append(all, int64(binary.LittleEndian.Uint64(value[at:])))
	}
	return all
}
