package bpfsys_test

import (
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// An inner map stands for another only where the kernel keeps the same fields in both.
func TestInnerFieldsComparedWithLinux(t *testing.T) {
	p := newPair(t)
	type made struct{ linux, sim int32 }
	var inner []made
	create := bpfsys.MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 36, MaxEntries: 1}
	add := func(typed bool, key, value uint32, types made) {
		args := create
		if typed {
			args.BTFKeyType, args.BTFValueType, args.BTFFD = key, value, types.linux
		}
		fd, errno := p.linux(args)
		require.Equal(t, abi.OK, errno)
		args.BTFFD = types.sim
		sim, errno := p.sim.Do(args)
		require.Equal(t, abi.OK, errno)
		inner = append(inner, made{fd, sim})
	}
	for _, field := range []struct {
		name         string
		size, offset uint32
	}{{"bpf_spin_lock", 4, 0}, {"bpf_spin_lock", 4, 4}, {"bpf_timer", 16, 8}, {"kptr", 4, 8}, {"nothing", 4, 8}} {
		data, key, odd, _ := withField(field.name, field.size, field.offset)
		for range 2 {
			linux, sim := p.load(data)
			add(true, key, odd, made{linux, sim})
			add(true, key, odd, made{linux, sim})
		}
	}
	add(false, 0, 0, made{})
	zero, bytes := p.raw.Alloc(8)
	simZero := p.sim.Arena.Alloc(8)
	for _, first := range inner {
		outer := bpfsys.MapCreate{Type: abi.ArrayOfMaps, KeySize: 4, ValueSize: 4, MaxEntries: 1, InnerMapFD: first.linux}
		fd, want := p.linux(outer)
		outer.InnerMapFD = first.sim
		sim, got := p.sim.Do(outer)
		require.Equal(t, want, got)
		if want != abi.OK {
			continue
		}
		for _, m := range inner {
			binary.NativeEndian.PutUint32(bytes[4:], uint32(m.linux))
			_, want := p.linux(bpfsys.MapUpdateElem{FD: fd, Key: zero, Value: zero + 4})
			binary.NativeEndian.PutUint32(p.sim.Arena.Bytes(simZero, 8)[4:], uint32(m.sim))
			_, got := p.sim.Do(bpfsys.MapUpdateElem{FD: sim, Key: simZero, Value: simZero + 4})
			require.Equal(t, want, got, "%v in a map for %v", m, first)
		}
		p.raw.CloseFD(fd)
	}
}
