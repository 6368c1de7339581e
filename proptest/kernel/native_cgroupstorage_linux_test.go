package kernel

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// storing attaches programs that have storage at cgroups.
type storing struct {
	*attacher
	maps []int32 // of each type with each size of key
}

// getLocalStorage is r0 = bpf_get_local_storage(map, 0).
func getLocalStorage(m int32) []uint64 {
	return []uint64{0x18 | 1<<8 | 1<<12 | uint64(m)<<32, 0, 0xb7 | 2<<8, 0x85 | 81<<32}
}

func newStoring(t *testing.T, draw *rand.Rand) *storing {
	s := &storing{attacher: newAttacher(t, draw)}
	s.programs = nil
	for _, size := range []uint32{16, 8} {
		code := []uint64{}
		for _, kind := range []abi.MapType{abi.CgroupStorage, abi.PerCPUCgroupStorage} {
			fd := s.object(bpfsys.MapCreate{Type: kind, KeySize: size, ValueSize: 8})
			s.maps = append(s.maps, fd)
			code = append(code, getLocalStorage(fd)...)
		}
		code = append(code, 1<<32|0xb7, exitR0)
		for range 2 {
			args := s.socketFilter(code)
			args.Type, args.AttachType = abi.ProgCgroupSKB, abi.AttachCgroupInetIngress
			fd := s.object(args)
			s.know(fd, s.files[fd].Object().(*bpfsys.Program).ID())
			for _, at := range []abi.AttachType{abi.AttachCgroupInetIngress, abi.AttachCgroupInetEgress} {
				s.attacher.programs = append(s.attacher.programs, loaded{fd, abi.ProgCgroupSKB, at})
			}
		}
	}
	return s
}

// key draws one, at memory+2048+512, that is often there.
func (s *storing) key() uint64 {
	raw := s.memory.bytes[2560:2576]
	clear(raw)
	binary.LittleEndian.PutUint64(raw, pick(s.draw, s.native.cgroups[pick(s.draw, s.cgroups...)][0], s.native.cgroups[s.cgroups[0]][0], 1))
	binary.LittleEndian.PutUint32(raw[8:], pick[uint32](s.draw, 0, 0, 1, 1, 2))
	binary.LittleEndian.PutUint32(raw[12:], pick[uint32](s.draw, 0, 7)) // padding
	return s.memory.addr + 2560
}

// element makes a call on an element and compares what was read.
func (s *storing) element() {
	fd, key, value := pick(s.draw, s.maps...), s.key(), s.memory.addr+2576
	for i := range 256 {
		s.memory.bytes[2576+i] = byte(s.draw.IntN(256))
	}
	out := s.memory.addr + 2048
	args := pick[bpfsys.Args](s.draw,
		bpfsys.MapLookupElem{FD: fd, Key: key, Value: out}, bpfsys.MapLookupElem{FD: fd, Key: key, Value: out},
		bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value, Flags: pick(s.draw, abi.Any, abi.Exist)},
		bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value, Flags: pick(s.draw, abi.NoExist, abi.Lock, 3, 8)},
		bpfsys.MapGetNextKey{FD: fd, Key: key, NextKey: out}, bpfsys.MapGetNextKey{FD: fd, NextKey: out},
		bpfsys.MapDeleteElem{FD: fd, Key: key}, bpfsys.MapLookupAndDeleteElem{FD: fd, Key: key, Value: out})
	attr := args.Encode()
	linux, sim := s.both(args.Cmd(), attr, attr)
	require.Equal(s, linux.memory, sim.memory, "%v %s", args.Cmd(), words(attr))
}

// Values come with programs that are attached to a cgroup, by a link or without, and stay when these are detached.
func TestCgroupStorageAsLinux(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread is in another namespace
		s := newStoring(t, rand.New(rand.NewPCG(7, 8)))
		const rounds = 6_000
		for i := range rounds {
			switch i % 60 { // seldom, so that much is read between
			case 0:
				s.createLink()
			case 15:
				s.attachProgram(abi.ProgAttach)
			case 30:
				s.attachProgram(abi.ProgDetach)
			case 45:
				s.endLink()
			default:
				s.element()
			}
		}
		for _, want := range []string{"BPF_MAP_LOOKUP_ELEM OK", "BPF_MAP_LOOKUP_ELEM ENOENT", "BPF_MAP_UPDATE_ELEM OK",
			"BPF_MAP_UPDATE_ELEM EINVAL", "BPF_MAP_GET_NEXT_KEY OK", "BPF_MAP_GET_NEXT_KEY ENOENT", "BPF_MAP_DELETE_ELEM EINVAL",
			"BPF_LINK_CREATE OK", "BPF_PROG_ATTACH OK"} {
			require.NotZero(t, s.seen[want], "%s never came of %v", want, s.seen)
		}
	}()
	<-done
}

// With a cgroup go its links' places, the programs that were attached without links, and the values of storage maps.
func TestVanishedCgroupAsLinux(t *testing.T) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for ever: the thread is in another namespace
		s := newStoring(t, rand.New(rand.NewPCG(9, 10)))
		last := s.cgroups[len(s.cgroups)-1]
		var p pair
		p.put(abi.LinkCreateProgFD, uint32(s.programs[0].fd))
		p.put(abi.LinkCreateTarget, uint32(last))
		p.put(abi.LinkCreateAttachType, uint32(abi.AttachCgroupInetIngress))
		linux, _ := s.both(abi.LinkCreate, p.linux, p.sim)
		require.Equal(t, abi.OK, linux.errno)
		s.keep(linux)
		s.tell()
		s.walk()

		dir, err := os.Readlink(fmt.Sprintf("/proc/thread-self/fd/%d", last))
		require.NoError(t, err)
		require.NoError(t, unix.Rmdir(dir))
		require.Eventually(t, func() bool { return s.linuxInfo(s.links[0])[4] == 0 }, time.Minute, time.Millisecond,
			"Linux takes a link from a cgroup some time later")
		s.tell()
		s.walk()
		var update pair
		update.put(0, uint32(s.links[0]))
		update.put(4, uint32(s.programs[0].fd))
		linux, _ = s.both(abi.LinkUpdate, update.linux, update.sim)
		require.Equal(t, abi.ENOLINK, linux.errno)
		var detach pair
		detach.put(0, uint32(s.links[0]))
		s.both(abi.LinkDetach, detach.linux, detach.sim)
		s.tell()
	}()
	<-done
}

// walk compares the first keys of all maps.
func (s *storing) walk() {
	for _, fd := range s.maps {
		attr := bpfsys.MapGetNextKey{FD: fd, NextKey: s.memory.addr + 2048}.Encode()
		linux, sim := s.both(abi.MapGetNextKey, attr, attr)
		require.Equal(s, linux.memory, sim.memory)
	}
}
