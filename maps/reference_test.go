package maps_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// peer is a referent that notes where it is.
type peer struct {
	id   uint32
	gone bool
	in   map[abi.MapType]int
	busy bool
}

func newPeer(id uint32) *peer { return &peer{id: id, in: map[abi.MapType]int{}} }

func (p *peer) Show(value []byte) { binary.NativeEndian.PutUint32(value, p.id) }
func (p *peer) Gone() bool        { return p.gone }
func (p *peer) Attach(in abi.MapType) abi.Errno {
	if p.busy {
		return abi.EBUSY
	}
	p.in[in]++
	return abi.OK
}
func (p *peer) Detach(in abi.MapType) { p.in[in]-- }

// found is a Finder of one thing.
func found(p *peer) maps.Finder {
	return func([]byte) (maps.Referent, abi.Errno) { return p, abi.OK }
}

// Whatever leaves a map of sockets, and whatever is refused, is detached as often as it was attached.
func TestReferencesAreGivenBack(t *testing.T) {
	for _, kind := range []abi.MapType{abi.SockMap, abi.SockHash, abi.ReusePortSockArray, abi.XSKMap} {
		spec := small(kind, 2, 0)
		if spec.ValueSize = 8; kind == abi.XSKMap {
			spec.ValueSize = 4
		}
		m := must(t, spec)
		refer := m.(maps.Referring)
		a, b, busy := newPeer(1), newPeer(2), newPeer(3)
		busy.busy = true
		value := make([]byte, spec.ValueSize)
		put := func(key uint32, p *peer, flags uint64) abi.Errno {
			return refer.Refer(on(0), key4(key), value, flags, found(p))
		}
		require.Equal(t, abi.OK, put(0, a, abi.NoExist), kind)
		require.Equal(t, abi.EBUSY, put(0, busy, abi.Any), kind)
		require.Equal(t, abi.EEXIST, put(0, b, abi.NoExist), kind)
		require.Equal(t, abi.ENOENT, put(1, b, abi.Exist), kind)
		require.Equal(t, abi.OK, put(0, b, abi.Exist), kind)
		require.Equal(t, 0, a.in[kind], kind)
		require.Equal(t, 1, b.in[kind], kind)
		b.gone = true
		require.Equal(t, abi.ENOENT, put(0, a, abi.Exist), kind)
		require.Equal(t, 0, b.in[kind], "%v: gone", kind)
		require.Equal(t, abi.OK, put(0, a, abi.Any), kind)
		refer.Close()
		require.Equal(t, 0, a.in[kind]+busy.in[kind], kind)
	}
}

// A full SOCKHASH has room again for what is gone, and a walk passes it over.
func TestSockHashForgets(t *testing.T) {
	m := must(t, small(abi.SockHash, 2, 0))
	peers := []*peer{newPeer(1), newPeer(2), newPeer(3)}
	put := func(i int) abi.Errno {
		return m.(maps.Referring).Refer(on(0), key4(uint32(i)), make([]byte, 8), abi.Any, found(peers[i]))
	}
	require.Equal(t, abi.OK, put(0))
	require.Equal(t, abi.OK, put(1))
	require.Equal(t, abi.E2BIG, put(2))
	before := m.Memlock()
	peers[0].gone = true
	require.Equal(t, before-56, m.Memlock())
	require.Len(t, walk(t, m.(maps.NextKeyer)), 1)
	require.Equal(t, abi.OK, put(2))
	require.Len(t, walk(t, m.(maps.NextKeyer)), 2)
}

// After bpf_get_stackid in kernel/bpf/stackmap.c; no kernel was asked.
func TestKeepStack(t *testing.T) {
	spec := small(abi.StackTrace, 3, 0)
	spec.ValueSize = 16
	m := must(t, spec)
	keeper := m.(maps.StackKeeper)
	id, errno := keeper.KeepStack(on(0), []uint64{7, 8, 9}, nil, 1)
	require.Equal(t, abi.OK, errno)
	require.Less(t, id, uint32(4))
	got := make([]byte, 16)
	require.Equal(t, abi.OK, m.(maps.Lookuper).Lookup(on(0), key4(id), got))
	require.Equal(t, []byte{8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0}, got)
	again, errno := keeper.KeepStack(on(0), []uint64{8, 9, 10}, nil, 0)
	require.Equal(t, abi.OK, errno, "the same two frames")
	require.Equal(t, id, again)
	require.Len(t, walk(t, m.(maps.NextKeyer)), 1)
	other := colliding(t, keeper, id)
	_, errno = keeper.KeepStack(on(0), other, nil, 0)
	require.Equal(t, abi.EEXIST, errno)
	_, errno = keeper.KeepStack(on(0), other, nil, abi.StackReuseID)
	require.Equal(t, abi.OK, errno)
	_, errno = keeper.KeepStack(on(0), []uint64{1}, nil, 2)
	require.Equal(t, abi.EFAULT, errno, "more to skip than there is")
	_, errno = keeper.KeepStack(on(0), []uint64{1}, nil, 1<<12)
	require.Equal(t, abi.EINVAL, errno)
	require.Equal(t, abi.OK, m.(maps.LookupAndDeleter).LookupAndDelete(on(0), key4(id), got))
	require.Equal(t, abi.ENOENT, m.(maps.Deleter).Delete(on(0), key4(id)))
	require.Equal(t, abi.E2BIG, m.(maps.Deleter).Delete(on(0), key4(4)))
}

// colliding is another stack with that id.
func colliding(t *testing.T, keeper maps.StackKeeper, id uint32) []uint64 {
	for ip := uint64(1); ip < 1000; ip++ {
		if _, errno := keeper.KeepStack(on(0), []uint64{ip}, nil, 0); errno == abi.EEXIST {
			return []uint64{ip}
		}
	}
	t.Fatal("no stack collides with", id)
	return nil
}
