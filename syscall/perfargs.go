package bpfsys

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
)

// The arguments of calls about perf events, which are in registers, as fields of an attr (abi.Fields), where calls are written down.

// perfArgsSize is the length of each in bytes.
const (
	perfOpenSize  = abi.PerfOpenFlags + 8
	perfIoctlSize = abi.PerfIoctlArg + 8
)

// Encode writes the arguments down.
func (a PerfEventOpen) Encode() []byte {
	b := make([]byte, perfOpenSize)
	binary.LittleEndian.PutUint64(b[abi.PerfOpenAttr:], a.Attr)
	binary.LittleEndian.PutUint32(b[abi.PerfOpenPID:], uint32(a.PID))
	binary.LittleEndian.PutUint32(b[abi.PerfOpenCPU:], uint32(a.CPU))
	binary.LittleEndian.PutUint32(b[abi.PerfOpenGroup:], uint32(a.Group))
	binary.LittleEndian.PutUint64(b[abi.PerfOpenFlags:], a.Flags)
	return b
}

// DecodePerfEventOpen is the inverse of Encode; what is missing is zero.
func DecodePerfEventOpen(b []byte) PerfEventOpen {
	b = append(b[:len(b):len(b)], make([]byte, perfOpenSize)...)
	return PerfEventOpen{
		Attr: binary.LittleEndian.Uint64(b[abi.PerfOpenAttr:]), PID: int32(binary.LittleEndian.Uint32(b[abi.PerfOpenPID:])),
		CPU: int32(binary.LittleEndian.Uint32(b[abi.PerfOpenCPU:])), Group: int32(binary.LittleEndian.Uint32(b[abi.PerfOpenGroup:])),
		Flags: binary.LittleEndian.Uint64(b[abi.PerfOpenFlags:]),
	}
}

// PerfIoctlArgs writes the arguments of ioctl(2) down.
func PerfIoctlArgs(fd int32, request abi.PerfRequest, arg uint64) []byte {
	b := make([]byte, perfIoctlSize)
	binary.LittleEndian.PutUint32(b[abi.PerfIoctlFD:], uint32(fd))
	binary.LittleEndian.PutUint32(b[abi.PerfIoctlRequest:], uint32(request))
	binary.LittleEndian.PutUint64(b[abi.PerfIoctlArg:], arg)
	return b
}

// DecodePerfIoctl is the inverse of PerfIoctlArgs.
func DecodePerfIoctl(b []byte) (fd int32, request abi.PerfRequest, arg uint64) {
	b = append(b[:len(b):len(b)], make([]byte, perfIoctlSize)...)
	return int32(binary.LittleEndian.Uint32(b[abi.PerfIoctlFD:])), abi.PerfRequest(binary.LittleEndian.Uint32(b[abi.PerfIoctlRequest:])),
		binary.LittleEndian.Uint64(b[abi.PerfIoctlArg:])
}
