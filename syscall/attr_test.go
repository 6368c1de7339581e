package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// place maps content so that it ends where an unmapped gap begins.
func place(a *Arena, addr uint64, content []byte) uint64 {
	copy(a.Map(addr, len(content), true), content)
	return addr
}

// Measured on Linux 6.18.
func TestAttrSizes(t *testing.T) {
	const noCmd = 9999
	create := MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4}.Encode()
	with := func(size, at int) []byte {
		b := make([]byte, size)
		copy(b, create[:])
		if at >= 0 {
			b[at] = 1
		}
		return b
	}
	for _, tt := range []struct {
		name  string
		cmd   uint32
		bytes []byte // the last one lies before a gap
		size  uint32
		want  abi.Errno
	}{
		{"size 0", 0, with(168, -1), 0, abi.EINVAL},
		{"size 12 cuts max_entries", 0, with(168, -1), 12, abi.EINVAL},
		{"size 16", 0, with(168, -1), 16, abi.OK},
		{"size 19", 0, with(168, -1), 19, abi.OK},
		{"size 169, zero", 0, with(4096, -1), 169, abi.OK},
		{"size 4096, zero", 0, with(4096, -1), 4096, abi.OK},
		{"size 4097", 0, with(4097, -1), 4097, abi.E2BIG},
		{"size -1", 0, with(168, -1), 1<<32 - 1, abi.E2BIG},
		{"byte 168 set", 0, with(4096, 168), 169, abi.E2BIG},
		{"byte 168 set behind the size", 0, with(4096, 168), 168, abi.OK},
		{"byte 4095 set", 0, with(4096, 4095), 4096, abi.E2BIG},
		{"byte 167 set", 0, with(168, 167), 168, abi.EINVAL},
		{"byte 92 set", 0, with(168, 92), 168, abi.EINVAL},
		{"ends at a gap", 0, with(80, -1), 80, abi.OK},
		{"ends in a gap", 0, with(80, -1), 81, abi.EFAULT},
		{"tail in a gap", 0, with(168, -1), 200, abi.EFAULT},
		{"tail set before a gap", 0, with(170, 169), 300, abi.E2BIG},
		{"no such command, in a gap", noCmd, with(10, -1), 80, abi.EFAULT},
		{"no such command", noCmd, with(80, -1), 80, abi.EINVAL},
		{"no such command, too large", noCmd, with(80, -1), 5000, abi.E2BIG},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCaller(NewKernel(Options{}))
			addr := place(c.Arena, 1<<40, tt.bytes)
			_, errno := c.Kernel.Bpf(c.Task, c.Process, tt.cmd, addr, tt.size)
			require.Equal(t, tt.want, errno)
		})
	}
}

func TestAttrAtNoAddress(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	for size, want := range map[uint32]abi.Errno{0: abi.EINVAL, 80: abi.EFAULT, 4096: abi.EFAULT, 4097: abi.E2BIG} {
		_, errno := c.Kernel.Bpf(c.Task, c.Process, 9999, 0, size)
		require.Equal(t, want, errno, "size %d", size)
	}
}

// Every byte behind a command's last field must be zero.
func TestNothingBehindTheLastField(t *testing.T) {
	for _, command := range Commands() {
		end, ok := abi.AttrEnd(command.Cmd)
		if !ok || command.Level != Full {
			continue
		}
		t.Run(command.Cmd.String(), func(t *testing.T) {
			for off := end; off < abi.AttrSize; off++ {
				trial := newTrial(abi.Hash)
				attr := trial.args(command.Cmd).Encode()
				attr[off] = 1
				addr := trial.Arena.Put(attr[:])
				_, errno := trial.Kernel.Bpf(trial.Task, trial.Process, uint32(command.Cmd), addr, abi.AttrSize)
				require.Equal(t, abi.EINVAL, errno, "offset %d", off)
			}
		})
	}
}

// What the caller did not pass is zero, whatever the call before left in the kernel's buffers.
func TestShortAttrIsFilledUpWithZeros(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	attr := MapGetFDByID{ID: 1, OpenFlags: 0xff_ffff}.Encode()
	addr := d.Arena.Put(attr[:])
	open := func(size uint32) abi.Errno {
		_, errno := d.Kernel.Bpf(d.Task, d.Process, uint32(abi.MapGetFDByID), addr, size)
		return errno
	}
	for range 10 { // the pool may give out other buffers now and then
		require.Equal(t, abi.EINVAL, open(abi.IDOpenFlags+3))
		require.Equal(t, abi.OK, open(abi.IDOpenFlags))
	}
}
