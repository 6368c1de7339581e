package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// filterOn loads a socket filter and attaches it to a socket.
func filterOn(t *testing.T, c *Caller, fd int32) (program int32) {
	program, errno := c.Do(ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, License: c.Arena.Put([]byte("GPL\x00")),
		Insns: c.Arena.Put([]byte{0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0})})
	require.Equal(t, abi.OK, errno)
	require.Equal(t, abi.OK, setOption(t, c, fd, abi.SocketAttachBPF, program))
	return program
}

func setOption(t *testing.T, c *Caller, fd int32, option abi.SocketOption, value int32) abi.Errno {
	at := c.Arena.Put([]byte{byte(value), byte(value >> 8), 0, 0})
	errno, ours := c.Kernel.SetSocketOption(&maps.Task{}, c.Process, SetSocketOption{FD: fd, Option: option, Value: at, Length: 4})
	require.True(t, ours)
	return errno
}

// A test sees what is attached to a socket, until the last fd is closed.
func TestSocketAttachments(t *testing.T) {
	files := NewFDTable()
	c := NewCallerIn(NewKernel(Options{}), files, NewFileTree())
	fd, errno := files.OpenSocket(Socket{Cookie: 77, Family: familyInet, Type: datagram, Protocol: protocolUDP, Reuse: true, State: Bound,
		Group: "g"})
	require.Equal(t, abi.OK, errno)
	program := filterOn(t, c, fd)
	require.Equal(t, abi.OK, setOption(t, c, fd, abi.SocketAttachReuseportEBPF, program))
	require.Equal(t, abi.OK, files.Close(program))
	var points []Point
	for _, a := range c.Kernel.Attachments() {
		points = append(points, a.Point)
		require.Equal(t, abi.ProgSocketFilter, a.Program.Type())
	}
	require.Equal(t, []Point{{At: abi.AttachSKReuseportSelect, NetNS: FirstNetNS, Name: "g"},
		{At: abi.NumAttachTypes, Socket: 77}}, points)
	require.Equal(t, abi.OK, files.Close(fd))
	require.Empty(t, c.Kernel.Attachments())
	_, some := c.Kernel.progs.from(1)
	require.False(t, some)
}
