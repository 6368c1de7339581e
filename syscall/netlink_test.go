package bpfsys

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/stretchr/testify/require"
)

// newFilterRequest is the message that runs a program on what comes in at lo.
func newFilterRequest(kind abi.NetlinkType, program int32, more ...byte) []byte {
	body := tcMessage{device: loopback, parent: abi.ClsactIngress, info: 0x300}.append(nil)
	if kind == abi.NewQdisc || kind == abi.DelQdisc {
		body = tcMessage{device: loopback, parent: abi.ClsactParent}.append(nil)
		body = appendAttr(body, abi.TCKind, []byte("clsact\x00"))
	} else {
		body = appendAttr(body, abi.TCKind, []byte("bpf\x00"))
		body = appendAttr(body, abi.TCOptions, appendAttr32(nil, abi.TCBPFFD, uint32(program)))
	}
	body = append(body, more...)
	le := binary.NativeEndian
	b := le.AppendUint32(nil, uint32(abi.NetlinkHeader+len(body)))
	b = le.AppendUint16(b, uint16(kind))
	b = le.AppendUint16(b, abi.NetlinkRequest|abi.NetlinkAck|abi.NetlinkCreate)
	b = append(b, make([]byte, 8)...)
	return append(b, body...)
}

// talk sends a message and returns the errno that answers it.
func talk(t *testing.T, c *Caller, message []byte) abi.Errno {
	answer := c.Kernel.Netlink(c.Task, c.Process, NetlinkSocket{}, message)
	require.False(t, answer.Host)
	last := answer.Replies[len(answer.Replies)-1]
	return abi.Errno(-int32(binary.NativeEndian.Uint32(last[abi.NetlinkHeader:])))
}

func classifier(t *testing.T, c *Caller) int32 {
	program, errno := c.Do(ProgLoad{Type: abi.ProgSchedCLS, InsnCnt: 2, License: c.Arena.Put([]byte("GPL\x00")),
		Insns: c.Arena.Put([]byte{0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0})})
	require.Equal(t, abi.OK, errno)
	return program
}

// Classic filters are seen from outside, and ask for privileges; what else filters can be is refused by name.
func TestNetlinkAttachments(t *testing.T) {
	var refused []Refusal
	files := NewFDTable()
	c := NewCallerIn(NewKernel(Options{Refused: func(r Refusal) { refused = append(refused, r) }}), files, NewFileTree())
	program := classifier(t, c)
	require.Equal(t, abi.EINVAL, talk(t, c, newFilterRequest(abi.NewTFilter, program)))
	require.Equal(t, abi.OK, talk(t, c, newFilterRequest(abi.NewQdisc, 0)))
	require.Equal(t, abi.OK, talk(t, c, newFilterRequest(abi.NewTFilter, program)))
	require.Equal(t, abi.OK, talk(t, c, newFilterRequest(abi.NewTFilter, program)))
	require.Equal(t, abi.OK, files.Close(program))
	all := c.Kernel.Attachments()
	require.Len(t, all, 2)
	require.Equal(t, Point{At: abi.NumAttachTypes, NetNS: FirstNetNS, Device: loopback, Name: "clsact/ingress"}, all[0].Point)

	require.Empty(t, refused)
	require.Equal(t, abi.EOPNOTSUPP, talk(t, c, newFilterRequest(abi.NewTFilter, 0, appendAttr32(nil, abi.TCChain, 1)...)))
	require.Equal(t, []Refusal{{Call: "RTM_NEWTFILTER", What: "a chain", Errno: abi.EOPNOTSUPP}}, refused)
	c.Process.Caps = Caps{}
	require.Equal(t, abi.EPERM, talk(t, c, newFilterRequest(abi.DelQdisc, 0)))
	require.Len(t, c.Kernel.Attachments(), 2)
}

// No message makes the kernel panic, and none keeps a program that is not attached.
func FuzzNetlink(f *testing.F) {
	f.Add(newFilterRequest(abi.NewQdisc, 0), newFilterRequest(abi.NewTFilter, 0))
	f.Add(newFilterRequest(abi.NewTFilter, 0), []byte{})
	f.Fuzz(func(t *testing.T, first, second []byte) {
		files := NewFDTable()
		c := NewCallerIn(NewKernel(Options{}), files, NewFileTree())
		program := classifier(t, c)
		for _, message := range [][]byte{newFilterRequest(abi.NewQdisc, 0), first, second, first} {
			_ = c.Kernel.Netlink(&maps.Task{}, c.Process, NetlinkSocket{}, message)
			_, _ = c.Kernel.NetlinkReply(c.Process, message)
		}
		require.Equal(t, abi.OK, files.Close(program))
		_, lives := c.Kernel.progs.from(1)
		require.Equal(t, len(c.Kernel.Attachments()) > 0, lives)
	})
}
