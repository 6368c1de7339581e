package model_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// onElem makes an element call with that key and value on p.
func (s *session) onElem(p *model.Possible, cmd abi.Cmd, size uint32, key, value uint32, r model.Result) string {
	s.elem(s.fd, u32(key), 0)
	s.put(poke{valueAt, u64(uint64(value))})
	r.After = with(s.memory)
	return p.Next(model.Call{Cmd: cmd, Attr: attrAt, Size: size, Before: s.memory}, r)
}

// Those who go on from the same states do not see each other.
func TestPossibleClone(t *testing.T) {
	for _, m := range []shape{smallHash, {abi.LRUHash, 4, 8, 4, abi.FlagZeroSeed}, smallArray} {
		s := newSession(t, root)
		s.create(m)
		p := model.NewPossible(s.state)
		require.Empty(t, s.onElem(p, abi.MapUpdateElem, 32, 1, 10, model.Result{}))
		q := p.Clone()
		require.Empty(t, s.onElem(p, abi.MapUpdateElem, 32, 1, 20, model.Result{}))
		require.Empty(t, s.onElem(q, abi.MapLookupElem, 32, 1, 10, model.Result{}))
		require.Empty(t, s.onElem(q, abi.MapUpdateElem, 32, 1, 30, model.Result{}))
		require.Empty(t, s.onElem(p, abi.MapLookupElem, 32, 1, 20, model.Result{}))
		require.Empty(t, s.onElem(q, abi.MapLookupElem, 32, 1, 30, model.Result{}))
		require.NotEmpty(t, s.onElem(model.NewPossible(s.state), abi.MapLookupElem, 32, 1, 30, model.Result{}))
	}
}

// To try a result moves nowhere.
func TestPossibleTry(t *testing.T) {
	s := newSession(t, root)
	s.create(smallHash)
	p := model.NewPossible(s.state)
	s.elem(s.fd, u32(1), abi.NoExist)
	call := model.Call{Cmd: abi.MapUpdateElem, Attr: attrAt, Size: 32, Before: s.memory}
	require.Empty(t, p.Try(call, model.Result{After: s.memory}))
	require.Empty(t, p.Try(call, model.Result{After: s.memory}))
	require.NotEmpty(t, p.Try(call, model.Result{Errno: abi.EEXIST, After: s.memory}))
	require.Empty(t, p.Next(call, model.Result{After: s.memory}))
	require.Empty(t, p.Try(call, model.Result{Errno: abi.EEXIST, After: s.memory}))
}

// What was written and what had to be written is looked at, and nothing else.
func TestWritten(t *testing.T) {
	s := newSession(t, root)
	s.create(smallHash)
	s.update(s.fd, 1, 10, 0, abi.OK)
	s.elem(s.fd, u32(1), 0)
	s.put(poke{valueAt, u64(0)})
	call := model.Call{Cmd: abi.MapLookupElem, Attr: attrAt, Size: 32, Before: s.memory}
	value := model.Span{Addr: valueAt, Size: 8}
	for _, c := range []struct {
		after   []poke
		written []model.Span
		legal   bool
	}{
		{[]poke{{valueAt, u64(10)}}, []model.Span{value}, true},
		{[]poke{{valueAt, u64(10)}}, []model.Span{}, true},
		{nil, []model.Span{}, false},
		{[]poke{{valueAt, u64(10)}, {endOfRW - 1, []byte{1}}}, []model.Span{value, {Addr: endOfRW - 1, Size: 1}}, false},
		{[]poke{{valueAt, u64(10)}, {endOfRW - 1, []byte{1}}}, []model.Span{value}, true},
		{[]poke{{valueAt, u64(10)}, {endOfRW - 1, []byte{1}}}, nil, false},
		{[]poke{{valueAt, u64(10)}}, []model.Span{{Addr: nowhere, Size: 1}}, false},
	} {
		_, why := s.state.Next(call, model.Result{After: with(s.memory, c.after...), Written: c.written})
		require.Equal(t, c.legal, why == "", "%v %v: %s", c.after, c.written, why)
	}
}
