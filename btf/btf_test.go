package btf_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

func Example() {
	var b btf.Builder
	u64 := b.Int("u64", 8)
	u32 := b.Int("u32", 4)
	lock := b.Struct("bpf_spin_lock", 4, btf.Member{Name: "val", Type: u32})
	value := b.Struct("flow", 16, btf.Member{Name: "bytes", Type: u64}, btf.Member{Name: "lock", Type: lock, Offset: 8})

	log, _ := btf.NewLog(1, true, 4096)
	types, errno := btf.Load(b.Bytes(), log)
	flow, _, size := types.Sized(value)
	record, _ := types.ValueRecord(flow)
	fmt.Println(errno, size, "bytes, the lock at", record.Fields[0].Offset)
	lines := strings.Split(string(log.Text()), "\n")
	fmt.Println(lines[9])
	// Output:
	// OK 16 bytes, the lock at 8
	// [1] INT u64 size=8 bits_offset=0 nr_bits=64 encoding=(none)
}

func load(data []byte) (*btf.BTF, abi.Errno) {
	log, _ := btf.NewLog(0, false, 0)
	return btf.Load(data, log)
}

// Errnos of Linux 6.18 for one defect each. TestLoadComparedWithLinux asks the kernel for many more.
func TestLoad(t *testing.T) {
	word := func(at int, v uint32) func([]byte) []byte {
		return func(data []byte) []byte {
			binary.LittleEndian.PutUint32(data[at:], v)
			return data
		}
	}
	for _, tt := range []struct {
		name   string
		change func([]byte) []byte
		want   abi.Errno
	}{
		{"as it is", func(d []byte) []byte { return d }, abi.OK},
		{"empty", func([]byte) []byte { return nil }, abi.EINVAL},
		{"magic", func(d []byte) []byte { d[0]++; return d }, abi.EINVAL},
		{"version", func(d []byte) []byte { d[2]++; return d }, abi.ENOTSUPP},
		{"flags", func(d []byte) []byte { d[3]++; return d }, abi.ENOTSUPP},
		{"header of a later version", word(4, 28), abi.E2BIG},
		{"types not aligned", word(8, 2), abi.EINVAL},
		{"no types", word(12, 0), abi.EINVAL},
		{"strings too long", word(20, 1<<30), abi.EINVAL},
		{"no last NUL", func(d []byte) []byte { d[len(d)-1] = 'x'; return d }, abi.EINVAL},
		{"encoding", word(24+12, 3<<24|32), abi.ENOTSUPP},
		{"name", word(24, 1<<24), abi.EINVAL},
		{"kind", word(28, 20<<24), abi.EINVAL},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, errno := load(tt.change(one()))
			require.Equal(t, tt.want, errno)
		})
	}
}

func TestLoadOfLoops(t *testing.T) {
	var b btf.Builder
	b.Struct("s", 8, btf.Member{Name: "s", Type: 1})
	_, errno := load(b.Bytes())
	require.Equal(t, abi.EEXIST, errno)
	_, errno = load(chain(31))
	require.Equal(t, abi.OK, errno)
	_, errno = load(chain(33))
	require.Equal(t, abi.E2BIG, errno)
}

func TestValueRecord(t *testing.T) {
	types, errno := load(lists())
	require.Equal(t, abi.OK, errno)
	value, _, size := types.Sized(10)
	require.Equal(t, uint32(40), size)
	record, errno := types.ValueRecord(value)
	require.Equal(t, abi.OK, errno)
	require.Equal(t, abi.OK, types.Sound(record))
	require.Equal(t, btf.ListHead|btf.RBRoot|btf.SpinLock, record.Kinds)
	require.Equal(t, []uint32{0, 16, 32}, []uint32{record.Fields[0].Offset, record.Fields[1].Offset, record.Fields[2].Offset})
}
