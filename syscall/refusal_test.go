package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// A host hears of what was turned down, and of nothing that Linux finds wrong.
func TestRefusals(t *testing.T) {
	var heard []string
	c := NewCaller(NewKernel(Options{Refused: func(r Refusal) { heard = append(heard, r.String()) }}))
	text := c.Arena.Put([]byte("GPL\x00"))
	mov := c.Arena.Put(insns(codeMove, codeMove, codeExit))
	load := ProgLoad{Type: abi.ProgKprobe, InsnCnt: 3, Insns: mov, License: text}
	for _, call := range []struct {
		args Args
		want abi.Errno
	}{
		{MapCreate{Type: abi.RingBuf, MaxEntries: 4096}, abi.EINVAL},
		{MapCreate{Type: abi.RingBuf, MaxEntries: 4095}, abi.EINVAL},
		{MapCreate{Type: abi.NumMapTypes, MaxEntries: 4096}, abi.EINVAL},
		{MapCreate{Type: abi.CPUMap, KeySize: 4, ValueSize: 4, MaxEntries: 257}, abi.E2BIG},
		{load, abi.EINVAL},
		{ProgLoad{Type: abi.ProgKprobe, InsnCnt: 3, Insns: nowhere, License: text}, abi.EFAULT},
		{ProgLoad{Type: abi.NumProgTypes, InsnCnt: 3, Insns: mov, License: text}, abi.EINVAL},
	} {
		_, errno := c.Do(call.args)
		require.Equal(t, call.want, errno, "%+v", call.args)
	}
	require.Equal(t, []string{
		"BPF_MAP_CREATE of type RINGBUF is not simulated: EINVAL",
		"BPF_PROG_LOAD of type KPROBE is not simulated: EINVAL",
	}, heard)
}

// Who asks for the verifier's log reads there why a program was refused, with the words that probes look for.
func TestRefusalInLog(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	text, buf := c.Arena.Put([]byte("GPL\x00")), c.Arena.Alloc(256)
	const callHelper1 = codeCall | 1<<32
	load := ProgLoad{
		Type: abi.ProgXDP, InsnCnt: 2, Insns: c.Arena.Put(insns(callHelper1, codeExit)), License: text,
		LogLevel: 1, LogSize: 256, LogBuf: buf,
	}
	_, errno := c.Do(load)
	require.Equal(t, abi.EINVAL, errno)
	const want = "bpfsim: BPF_PROG_LOAD of type XDP is not simulated: EINVAL; invalid func unknown#1\n\x00"
	require.Equal(t, want, string(c.Arena.Bytes(buf, len(want))))
	clear(c.Arena.Bytes(buf, 256))
	load.LogSize = 6
	c.Do(load)
	require.Equal(t, "bpfsi\x00\x00\x00", string(c.Arena.Bytes(buf, 8)))
}
