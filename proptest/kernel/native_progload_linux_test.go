package kernel

import (
	"encoding/binary"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// What PROG_LOAD says of each field that a loader can get wrong before the verifier looks at the program, on the kernel and here.
func TestFieldsOfProgLoadAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	const records = 3000
	for at, word := range []uint32{0, 3, 0, 0, 1 << 31, 1, 1, 0} { // a right record of a function, and a relocation far outside
		binary.LittleEndian.PutUint32(n.memory.bytes[records+4*at:], word)
	}
	funcs := func(p *bpfsys.ProgLoad) {
		p.BTFFD, p.FuncInfo, p.FuncInfoCnt, p.FuncInfoRecSize = n.fds.types, n.memory.addr+records, 1, 8
	}
	rows := map[string]struct {
		change func(p *bpfsys.ProgLoad)
		want   abi.Errno
	}{
		"nothing":                           {func(*bpfsys.ProgLoad) {}, abi.OK},
		"func_info_cnt, prog_btf_fd -1":     {func(p *bpfsys.ProgLoad) { funcs(p); p.BTFFD = -1 }, abi.EBADF},
		"line_info_cnt, prog_btf_fd -1":     {func(p *bpfsys.ProgLoad) { p.BTFFD, p.LineInfoCnt, p.LineInfoRecSize = -1, 1, 16 }, abi.EBADF},
		"prog_btf_fd of a map":              {func(p *bpfsys.ProgLoad) { funcs(p); p.BTFFD = n.fds.hash }, abi.EINVAL},
		"prog_btf_fd without records":       {func(p *bpfsys.ProgLoad) { p.BTFFD = -1 }, abi.OK},
		"a function":                        {funcs, abi.OK},
		"func_info_rec_size 4":              {func(p *bpfsys.ProgLoad) { funcs(p); p.FuncInfoRecSize = 4 }, abi.EINVAL},
		"func_info_rec_size 256":            {func(p *bpfsys.ProgLoad) { funcs(p); p.FuncInfoRecSize = 256 }, abi.EINVAL},
		"func_info_rec_size 20, more in it": {func(p *bpfsys.ProgLoad) { funcs(p); p.FuncInfoRecSize = 20 }, abi.E2BIG},
		"func_info_cnt 2":                   {func(p *bpfsys.ProgLoad) { funcs(p); p.FuncInfoCnt = 2 }, abi.EINVAL},
		"func_info at NULL":                 {func(p *bpfsys.ProgLoad) { funcs(p); p.FuncInfo = 0 }, abi.EFAULT},
		"line_info_cnt of 2 GiB":            {func(p *bpfsys.ProgLoad) { funcs(p); p.LineInfoCnt, p.LineInfoRecSize = 1<<27, 16 }, abi.EINVAL},
		"line_info at NULL": {func(p *bpfsys.ProgLoad) {
			p.BTFFD, p.LineInfoCnt, p.LineInfoRecSize = n.fds.types, 1, 16
		}, abi.EFAULT},
		"core_relo outside of the program": {func(p *bpfsys.ProgLoad) {
			funcs(p)
			p.CoreRelos, p.CoreReloCnt, p.CoreReloRecSize = n.memory.addr+records+16, 1, 16
		}, abi.EINVAL},
		"core_relo_rec_size 8": {func(p *bpfsys.ProgLoad) {
			funcs(p)
			p.CoreRelos, p.CoreReloCnt, p.CoreReloRecSize = n.memory.addr+records+16, 1, 8
		}, abi.EINVAL},
		"core_relo without records":       {func(p *bpfsys.ProgLoad) { p.CoreReloCnt = 1 }, abi.OK},
		"prog_ifindex of a socket filter": {func(p *bpfsys.ProgLoad) { p.Ifindex = 1 }, abi.EINVAL},
		"prog_ifindex of lo":              {func(p *bpfsys.ProgLoad) { p.Type, p.Ifindex = abi.ProgXDP, 1 }, abi.EOPNOTSUPP},
		"prog_ifindex of nothing":         {func(p *bpfsys.ProgLoad) { p.Type, p.Ifindex = abi.ProgXDP, 1<<31-2 }, abi.EINVAL},
		"attach_btf_id":                   {func(p *bpfsys.ProgLoad) { p.AttachBTFID = 1 }, abi.EINVAL},
		"attach_btf_id above all":         {func(p *bpfsys.ProgLoad) { p.AttachBTFID = 1 << 20 }, abi.EINVAL},
		"attach_prog_fd of a program":     {func(p *bpfsys.ProgLoad) { p.AttachProgFD = n.fds.program }, abi.EINVAL},
		"attach_prog_fd of types":         {func(p *bpfsys.ProgLoad) { p.AttachProgFD = n.fds.types }, abi.ENOTSUPP},
		"attach_prog_fd of a map":         {func(p *bpfsys.ProgLoad) { p.AttachProgFD = n.fds.hash }, abi.EINVAL},
		"attach_prog_fd of nothing":       {func(p *bpfsys.ProgLoad) { p.AttachProgFD = n.fds.closed }, abi.EINVAL},
		"log_buf without level":           {func(p *bpfsys.ProgLoad) { p.LogBuf, p.LogSize = n.log.addr, 128 }, abi.EINVAL},
		"log_buf without size":            {func(p *bpfsys.ProgLoad) { p.LogBuf, p.LogLevel = n.log.addr, 1 }, abi.EINVAL},
		"log_size without buffer":         {func(p *bpfsys.ProgLoad) { p.LogSize, p.LogLevel = 128, 1 }, abi.EINVAL},
		"log_level alone":                 {func(p *bpfsys.ProgLoad) { p.LogLevel = 1 }, abi.OK},
		"log_level 16":                    {func(p *bpfsys.ProgLoad) { p.LogLevel = 16 }, abi.EINVAL},
		"log_size 1":                      {func(p *bpfsys.ProgLoad) { p.LogBuf, p.LogSize, p.LogLevel = n.log.addr, 1, 1 }, abi.ENOSPC},
		"log_size 1 GiB":                  {func(p *bpfsys.ProgLoad) { p.LogBuf, p.LogSize, p.LogLevel = n.log.addr, 1<<30, 1 }, abi.EINVAL},
		"log_buf at 1":                    {func(p *bpfsys.ProgLoad) { p.LogBuf, p.LogSize, p.LogLevel = 1, 128, 1 }, abi.EFAULT},
		"fd_array_cnt without fd_array":   {func(p *bpfsys.ProgLoad) { p.FDArrayCnt = 1 }, abi.EFAULT},
		"fd_array_cnt above all":          {func(p *bpfsys.ProgLoad) { p.FDArrayCnt = 1<<30 - 1 }, abi.EINVAL},
		"fd_array without fd_array_cnt":   {func(p *bpfsys.ProgLoad) { p.FDArray = 1 }, abi.OK},
		"prog_token_fd without flag":      {func(p *bpfsys.ProgLoad) { p.TokenFD = n.fds.closed }, abi.OK},
		"prog_flags 0x10000, no token":    {func(p *bpfsys.ProgLoad) { p.Flags, p.TokenFD = abi.FlagTokenFD, n.fds.closed }, abi.EBADF},
		"prog_flags 0x20000":              {func(p *bpfsys.ProgLoad) { p.Flags = 1 << 17 }, abi.EINVAL},
		"insn_cnt 0":                      {func(p *bpfsys.ProgLoad) { p.InsnCnt = 0 }, abi.E2BIG},
		"insn_cnt 1,000,001":              {func(p *bpfsys.ProgLoad) { p.InsnCnt = 1_000_001 }, abi.E2BIG},
		"insns at NULL":                   {func(p *bpfsys.ProgLoad) { p.Insns = 0 }, abi.EFAULT},
		"license at NULL":                 {func(p *bpfsys.ProgLoad) { p.License = 0 }, abi.EFAULT},
		"prog_type 0":                     {func(p *bpfsys.ProgLoad) { p.Type = 0 }, abi.EINVAL},
		"prog_type 33":                    {func(p *bpfsys.ProgLoad) { p.Type = 33 }, abi.EINVAL},
		"expected_attach_type of another": {func(p *bpfsys.ProgLoad) { p.Type, p.AttachType = abi.ProgCgroupSKB, abi.AttachCgroupDevice }, abi.EINVAL},
		"prog_name with a space":          {func(p *bpfsys.ProgLoad) { copy(p.Name[:], "a b") }, abi.EINVAL},
		"log_true_size is not read":       {func(p *bpfsys.ProgLoad) { p.LogTrueSize = 1 << 31 }, abi.OK},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			args := n.socketFilter([]uint64{0xb7, exitR0})
			row.change(&args)
			linux, sim := n.load(args)
			require.Equal(t, row.want, linux, "Linux")
			require.Equal(t, row.want, sim, "bpfsim")
		})
	}
}
