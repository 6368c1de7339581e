package campaign

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/proptest/kernel"
	"github.com/bpfsim/bpfsim/proptest/program"
	"github.com/bpfsim/bpfsim/syscall"
)

// onType matches an errno of a command on a map of a type with 4-byte keys, where more than that holds.
func onType(typ abi.MapType, cmd abi.Cmd, errno abi.Errno, more func(key uint32, s maps.Spec, flags uint64) bool) func(*kernel.Sim, program.Call, kernel.Outcome) bool {
	return func(k *kernel.Sim, c program.Call, o kernel.Outcome) bool {
		m := mapOf(k, c, abi.ElemMapFD)
		if c.Cmd != cmd || o.Errno != errno || m == nil || m.Spec().Type != typ {
			return false
		}
		var key [4]byte
		k.Arena().Read(key[:], attrOf(k, c).Field(abi.ElemKey, 8))
		return more(binary.LittleEndian.Uint32(key[:]), m.Spec(), attrOf(k, c).Field(abi.ElemFlags, 8))
	}
}

// always is for a mutant that needs nothing more.
func always(uint32, maps.Spec, uint64) bool { return true }

// devices is what a DEVMAP can do, sockets what a SOCKHASH can.
type devices interface {
	maps.Map
	maps.Lookuper
	maps.Deleter
	maps.NextKeyer
	maps.Referring
	maps.OneByOne
}

type sockets = devices

// strictDevices tells a slot without a device from one with.
type strictDevices struct{ devices }

func (m strictDevices) Delete(t *maps.Task, key []byte) abi.Errno {
	if m.Lookup(t, key, make([]byte, m.ValueBytes())) == abi.ENOENT && binary.LittleEndian.Uint32(key) < m.Spec().MaxEntries {
		return abi.ENOENT
	}
	return m.devices.Delete(t, key)
}

// stableSockets leaves a key where it is when it is updated.
type stableSockets struct{ sockets }

func (m stableSockets) Refer(t *maps.Task, key, value []byte, flags uint64, find maps.Finder) abi.Errno {
	var first [512]byte
	front := first[:m.Spec().KeySize]
	was := m.NextKey(t, nil, front)
	errno := m.sockets.Refer(t, key, value, flags, find)
	if errno == abi.OK && was == abi.OK && string(front) != string(key) {
		m.sockets.Refer(t, front, value, abi.Any, find) // to the front again
	}
	return errno
}

// immortal is a world in which sockets are never closed.
type immortal struct{ kernel.SimHost }

func (w immortal) Socket(fd int32) (bpfsys.Socket, abi.Errno) {
	s, errno := w.World.Socket(fd)
	s.Closed = nil
	return s, errno
}

// manyCgroups is a world in which each fd is of a cgroup of its own.
type manyCgroups struct{ kernel.SimHost }

func (w manyCgroups) Cgroup(fd int32) (uint64, abi.Errno) {
	id, errno := w.World.Cgroup(fd)
	return id + uint64(fd), errno
}
