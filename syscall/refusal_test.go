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
	for _, call := range []struct {
		args Args
		want abi.Errno
	}{
		{MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: 4, MaxEntries: 1, BTFVmlinuxValue: 1}, abi.ENOTSUPP}, // as without BTF
		{MapCreate{Type: abi.StructOps, KeySize: 4, ValueSize: 4, MaxEntries: 2, BTFVmlinuxValue: 1}, abi.EINVAL},
		{MapCreate{Type: abi.NumMapTypes, MaxEntries: 4096}, abi.EINVAL},
		{MapCreate{Type: abi.CPUMap, KeySize: 4, ValueSize: 4, MaxEntries: 257}, abi.E2BIG},
		{ProgLoad{Type: abi.ProgKprobe, InsnCnt: 3, Insns: nowhere, License: text}, abi.EFAULT},
		{ProgLoad{Type: abi.NumProgTypes, InsnCnt: 3, Insns: mov, License: text}, abi.EINVAL},
	} {
		_, errno := c.Do(call.args)
		require.Equal(t, call.want, errno, "%+v", call.args)
	}
	require.Empty(t, heard)
	fd, errno := c.Do(ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 3, Insns: mov, License: text})
	require.Equal(t, abi.OK, errno)
	_, errno = c.Do(ProgTestRun{ProgFD: fd, DataIn: c.Arena.Put(make([]byte, 64)), DataSizeIn: 64})
	require.Equal(t, abi.ENOTSUPP, errno)
	require.Equal(t, []string{"BPF_PROG_TEST_RUN is not simulated: ENOTSUPP"}, heard)
}
