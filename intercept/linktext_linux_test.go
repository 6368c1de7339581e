//go:build linux && (amd64 || arm64)

package intercept_test

import (
	"encoding/binary"
	"fmt"
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
)

// The fd that LINK_CREATE gives has another link text than those by id, on Linux as here.
func TestLinkTexts(t *testing.T) {
	t.Run("linux", func(t *testing.T) { runOnLinux(t, "linkTexts") })
	t.Run("run", func(t *testing.T) { runScenario(t, "linkTexts", options()) })
}

func linkTexts(c client) {
	created := c.check(bpf(bpfsys.LinkCreate{ProgFD: int32(c.program(abi.ProgSchedCLS, 0)), Target: 1, At: abi.AttachTCXIngress}))
	var info [64]byte
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(created), Info: addr(&info), InfoLen: uint32(len(info))}))
	byID := c.check(bpf(bpfsys.LinkGetFDByID{ID: binary.NativeEndian.Uint32(info[4:])}))
	for range 2 {
		require.Equal(c, "anon_inode:bpf_link", c.textOf(created))
		require.Equal(c, "anon_inode:bpf-link", c.textOf(byID))
	}
	c.check(bpf(bpfsys.ObjGetInfoByFD{FD: int32(byID), Info: addr(&info), InfoLen: uint32(len(info))}))
}

func (c client) textOf(fd int) string {
	text, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd))
	require.NoError(c, err)
	return text
}
