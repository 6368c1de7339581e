package bpfsys

import (
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/stretchr/testify/require"
)

// validCreate is a HASH that can be made.
func validCreate() MapCreate {
	return MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4}
}

// Single defects, measured on Linux 6.18.
func TestMapCreate(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*MapCreate)
		want   abi.Errno
	}{
		{"valid", func(*MapCreate) {}, abi.OK},
		{"type 0", func(a *MapCreate) { a.Type = abi.Unspec }, abi.EINVAL},
		{"type 34", func(a *MapCreate) { a.Type = abi.NumMapTypes }, abi.EINVAL},
		{"type -1", func(a *MapCreate) { a.Type = 1<<32 - 1 }, abi.EINVAL},
		{"type without its type of a value", func(a *MapCreate) { a.Type = abi.StructOps }, abi.EINVAL},
		{"key size 0", func(a *MapCreate) { a.KeySize = 0 }, abi.EINVAL},
		{"key too large", func(a *MapCreate) { a.KeySize = 4194304 }, abi.E2BIG},
		{"too many buckets", func(a *MapCreate) { a.MaxEntries, a.Flags = 1<<27+1, abi.FlagNoPrealloc }, abi.E2BIG},
		{"read-only and write-only", func(a *MapCreate) { a.Flags = accessFlags }, abi.EINVAL},
		{"unknown flag", func(a *MapCreate) { a.Flags = 1 << 31 }, abi.EINVAL},
		{"node without flag", func(a *MapCreate) { a.NumaNode = 7 }, abi.OK},
		{"node 0", func(a *MapCreate) { a.Flags = abi.FlagNUMANode }, abi.OK},
		{"node 1", func(a *MapCreate) { a.Flags, a.NumaNode = abi.FlagNUMANode, 1 }, abi.EINVAL},
		{"any node", func(a *MapCreate) { a.Flags, a.NumaNode = abi.FlagNUMANode, abi.AnyNode }, abi.OK},
		{"inner map", func(a *MapCreate) { a.InnerMapFD = 9999 }, abi.OK},
		{"loopback", func(a *MapCreate) { a.Ifindex = 1 }, abi.EOPNOTSUPP},
		{"loopback, LRU", func(a *MapCreate) { a.Type, a.Ifindex = abi.LRUHash, 1 }, abi.EINVAL},
		{"no such device", func(a *MapCreate) { a.Ifindex = 9999 }, abi.EINVAL},
		{"btf fd only", func(a *MapCreate) { a.BTFFD = 9999 }, abi.OK},
		{"btf fd not open", func(a *MapCreate) { a.BTFFD, a.BTFValueType = 9999, 1 }, abi.EBADF},
		{"btf fd no btf", func(a *MapCreate) { a.BTFValueType = 1 }, abi.EINVAL},
		{"btf key type only", func(a *MapCreate) { a.BTFFD, a.BTFKeyType = 9999, 1 }, abi.EINVAL},
		{"btf of the kernel", func(a *MapCreate) { a.BTFVmlinuxValue = 1 }, abi.EINVAL},
		{"map_extra", func(a *MapCreate) { a.Extra = 1 << 32 }, abi.EINVAL},
		{"ignored fds", func(a *MapCreate) { a.ValueTypeBTFObjFD, a.TokenFD = 5, 5 }, abi.OK},
		{"token not open", func(a *MapCreate) { a.Flags, a.TokenFD = abi.FlagTokenFD, 9999 }, abi.EBADF},
		{"token no token", func(a *MapCreate) { a.Flags = abi.FlagTokenFD }, abi.EINVAL},
		{"name of 15", func(a *MapCreate) { a.Name = NameOf("0123456789abcdef") }, abi.OK},
		{"name of 16", func(a *MapCreate) { copy(a.Name[:], "0123456789abcdef") }, abi.EINVAL},
		{"name with space", func(a *MapCreate) { a.Name = NameOf("a b") }, abi.EINVAL},
		{"name behind its NUL", func(a *MapCreate) { a.Name = NameOf("a\x00 -/") }, abi.OK},
		{"name of Latin-1", func(a *MapCreate) { a.Name = NameOf("\xc0\xd6\xd8\xff._") }, abi.OK},
		{"name with times", func(a *MapCreate) { a.Name = NameOf("\xd7") }, abi.EINVAL},
		{"name with obelus", func(a *MapCreate) { a.Name = NameOf("\xf7") }, abi.EINVAL},
		{"name below Latin-1", func(a *MapCreate) { a.Name = NameOf("\xbf") }, abi.EINVAL},
		{"hash size only", func(a *MapCreate) { a.ExclProgHashSize = 32 }, abi.EINVAL},
		{"hash of 31", func(a *MapCreate) { a.ExclProgHash, a.ExclProgHashSize = nowhere, 31 }, abi.EINVAL},
		{"hash nowhere", func(a *MapCreate) { a.ExclProgHash, a.ExclProgHashSize = nowhere, 32 }, abi.EFAULT},
		{"hash", func(a *MapCreate) { a.ExclProgHash, a.ExclProgHashSize = 0x10000, 32 }, abi.OK},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCaller(NewKernel(Options{CPUs: 2}))
			args := validCreate()
			tt.change(&args)
			fd, errno := c.Do(args)
			require.Equal(t, tt.want, errno)
			if tt.want == abi.OK {
				require.Equal(t, int32(3), fd)
				return
			}
			require.Empty(t, c.Kernel.Maps())
		})
	}
}

// createDefects are single defects in the order in which the kernel finds them.
var createDefects = []struct {
	change func(*MapCreate)
	want   abi.Errno
}{
	{func(a *MapCreate) { a.KeySize = 1 << 30 }, abi.E2BIG},
	{func(a *MapCreate) { a.Flags |= abi.FlagTokenFD; a.TokenFD = 9999 }, abi.EBADF},
	{func(a *MapCreate) { a.MaxEntries = 1 << 31 }, abi.E2BIG},
	{func(a *MapCreate) { a.Name[0] = '/' }, abi.EINVAL},
	{func(a *MapCreate) { a.BTFFD, a.BTFValueType = 9999, 1 }, abi.EBADF},
	{func(a *MapCreate) { a.ExclProgHash, a.ExclProgHashSize = nowhere, 32 }, abi.EFAULT},
}

func TestMapCreateOrderOfChecks(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	for first := range createDefects {
		args := validCreate()
		for _, defect := range createDefects[first:] {
			defect.change(&args)
		}
		_, errno := c.Do(args)
		require.Equal(t, createDefects[first].want, errno, "defect %d", first)
	}
}

// Measured as uid 65534 under kernel.unprivileged_bpf_disabled=2.
func TestMapCreateUnprivileged(t *testing.T) {
	const zeroSeed = abi.FlagZeroSeed
	for _, tt := range []struct {
		name string
		args MapCreate
		want abi.Errno
	}{
		{"valid", validCreate(), abi.EPERM},
		{"ARRAY", MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4}, abi.EPERM},
		{"ZERO_SEED", MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: zeroSeed}, abi.EPERM},
		{"ZERO_SEED with defects", MapCreate{Type: abi.Hash, Flags: zeroSeed | 1<<31}, abi.EPERM},
		{"key size 0", MapCreate{Type: abi.Hash, ValueSize: 8, MaxEntries: 4}, abi.EINVAL},
		{"huge key", MapCreate{Type: abi.Hash, KeySize: 1 << 30, ValueSize: 8, MaxEntries: 4}, abi.E2BIG},
		{"unknown type", MapCreate{Type: 99}, abi.EINVAL},
		{"LPM_TRIE with defects", MapCreate{Type: abi.LPMTrie}, abi.EPERM},
		{"bad name", MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4, Name: NameOf("/")}, abi.EPERM},
		{"bad token", MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 8, MaxEntries: 4, Flags: abi.FlagTokenFD, TokenFD: 99}, abi.EBADF},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := NewCaller(NewKernel(Options{}))
			c.Process.Caps = Caps{}
			_, errno := c.Do(tt.args)
			require.Equal(t, tt.want, errno)
		})
	}
}

// CAP_BPF alone makes maps, but not with a known seed and not on a device.
func TestMapCreateWithoutSysAdmin(t *testing.T) {
	c := NewCaller(NewKernel(Options{}))
	c.Process.Caps = Caps{BPF: true}
	for _, tt := range []struct {
		change func(*MapCreate)
		want   abi.Errno
	}{
		{func(*MapCreate) {}, abi.OK},
		{func(a *MapCreate) { a.Flags = abi.FlagZeroSeed }, abi.EPERM},
		{func(a *MapCreate) { a.Ifindex = 1 }, abi.EPERM},
	} {
		args := validCreate()
		tt.change(&args)
		_, errno := c.Do(args)
		require.Equal(t, tt.want, errno)
	}
}

// What an fd that was inherited allows needs no capability.
func TestUnprivilegedOnInheritedFD(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	d.Process.Caps = Caps{}
	d.must(MapLookupElem{FD: d.fd, Key: d.key, Value: d.val})
	d.must(MapUpdateElem{FD: d.fd, Key: d.key, Value: d.val})
	d.must(MapGetNextKey{FD: d.fd, NextKey: d.val})
	d.must(ObjGetInfoByFD{FD: d.fd})
	d.must(MapFreeze{FD: d.fd})
	d.want(abi.EPERM, MapGetNextID{})
	d.want(abi.EINVAL, MapGetNextID{StartID: 1<<32 - 1})
	d.want(abi.EPERM, MapGetFDByID{ID: 1})
	d.want(abi.EPERM, MapGetFDByID{ID: 1, OpenFlags: accessFlags})
	d.want(abi.EINVAL, MapGetFDByID{ID: 1, OpenFlags: 1})
}

// The seed of an unseeded map comes from the kernel's generator, and a refused MapCreate does not use one up.
func TestSeedsFollowTheKernelSeed(t *testing.T) {
	seedsOf := func(seed uint64, withFailure bool) (seeds []uint32) {
		c := NewCaller(NewKernel(Options{Seed: seed}))
		for range 3 {
			if withFailure {
				_, errno := c.Do(MapCreate{Type: abi.Hash})
				require.Equal(t, abi.EINVAL, errno)
			}
			_, errno := c.Do(validCreate())
			require.Equal(t, abi.OK, errno)
		}
		for _, m := range c.Kernel.Maps() {
			seeds = append(seeds, m.Spec().Seed)
		}
		return seeds
	}
	require.Equal(t, seedsOf(1, false), seedsOf(1, true))
	require.NotEqual(t, seedsOf(1, false), seedsOf(2, false))
}

// A map for a network device is one that no device takes, where the host has the device at all.
func TestCreateForADevice(t *testing.T) {
	d := newDesk(t, abi.Hash, 0)
	host := &fading{left: map[string]bool{}}
	d.Process.Host = host
	create := MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 4, Ifindex: 7}
	d.want(abi.EOPNOTSUPP, create)
	create.Ifindex = 1
	d.want(abi.EINVAL, create)
	create.Ifindex, host.left["device"] = 7, true
	d.want(abi.EINVAL, create)
}
