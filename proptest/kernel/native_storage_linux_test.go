package kernel

import (
	"encoding/binary"
	"os"
	"testing"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	"github.com/bpfsim/bpfsim/syscall"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// ownWorld is what fds of this process are, as far as a test has said so.
type ownWorld struct {
	bpfsys.EmptyWorld
	sockets map[int32]uint64
	cgroups map[int32]uint64
	tasks   map[int32]maps.Owner
	ended   map[int32]bool
}

func (w *ownWorld) Socket(fd int32) (bpfsys.Socket, abi.Errno) {
	if cookie := w.sockets[fd]; cookie != 0 {
		return bpfsys.Socket{Cookie: cookie}, abi.OK
	}
	if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0); err != nil || flags&unix.O_PATH != 0 {
		return bpfsys.Socket{}, abi.EBADF
	}
	return bpfsys.Socket{}, abi.ENOTSOCK
}

func (w *ownWorld) Cgroup(fd int32) (uint64, abi.Errno) {
	if id := w.cgroups[fd]; id != 0 {
		return id, abi.OK
	}
	return 0, abi.EBADF
}

func (w *ownWorld) Task(fd int32) (maps.Owner, abi.Errno) {
	owner, ok := w.tasks[fd]
	switch {
	case !ok:
		return owner, abi.EBADF
	case w.ended[fd]:
		return owner, abi.ENOENT
	}
	return owner, abi.OK
}

// Inode asks this process itself. What is open in the simulation is a BPF object, or known to Linux alone.
func (w *ownWorld) Inode(fd int32) (owner maps.Owner, errno abi.Errno) {
	var st unix.Stat_t
	if unix.Fstat(int(fd), &st) != nil {
		return owner, abi.EBADF
	}
	owner.ID = [3]uint64{st.Dev, st.Ino}
	return owner, abi.OK
}

// owners opens one of each kind of what values can belong to, twice where that is the same thing.
func (w *ownWorld) owners(n *native) []int32 {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	require.NoError(n, err)
	again, err := unix.Dup(socket)
	require.NoError(n, err)
	cookie, err := unix.GetsockoptUint64(socket, unix.SOL_SOCKET, unix.SO_COOKIE)
	require.NoError(n, err)
	w.sockets = map[int32]uint64{int32(socket): cookie, int32(again): cookie}
	w.cgroups = map[int32]uint64{n.fds.cgroup: 1}
	self, err := unix.PidfdOpen(os.Getpid(), 0)
	require.NoError(n, err)
	dead, child := deadChild(n)
	w.tasks = map[int32]maps.Owner{int32(self): {ID: [3]uint64{1}}, dead: {ID: [3]uint64{2}}}
	w.ended = map[int32]bool{dead: true}
	path, err := unix.Open("/tmp", unix.O_PATH, 0)
	require.NoError(n, err)
	fds := []int32{int32(socket), int32(again), int32(self), dead, int32(path)}
	for _, fd := range fds {
		n.files[fd] = nil
		n.Cleanup(func() { unix.Close(int(fd)) })
	}
	require.NotZero(n, child)
	return append(fds, n.fds.cgroup, n.fds.file, n.fds.closed, n.fds.hash, -1)
}

// deadChild is the pidfd of a process that has ended and been waited for.
func deadChild(n *native) (pidfd int32, pid int) {
	attr := &os.ProcAttr{Files: []*os.File{nil, nil, nil}}
	child, err := os.StartProcess("/bin/true", []string{"true"}, attr)
	require.NoError(n, err)
	fd, err := unix.PidfdOpen(child.Pid, 0)
	require.NoError(n, err)
	_, err = child.Wait()
	require.NoError(n, err)
	return int32(fd), child.Pid
}

// Values that belong to something, call by call as on Linux: every kind of owner in every type of map, every flag, and what is
// read back.
func TestStorageAsLinux(t *testing.T) {
	n := newNative(t, bpfsys.Root)
	w := &ownWorld{EmptyWorld: bpfsys.EmptyWorld{Files: n}}
	n.World = w
	owners := w.owners(n)
	const key, value = 512, 516
	for _, kind := range []abi.MapType{abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage} {
		fd := n.object(sound(kind, n.fds.hash, n.fds.btf))
		elem := bpfsys.MapLookupElem{FD: fd, Key: n.memory.addr + key, Value: n.memory.addr + value}
		succeeded := 0
		for round := range uint32(3) {
			for i, owner := range owners {
				binary.NativeEndian.PutUint32(n.memory.bytes[key:], uint32(owner))
				do := func(args bpfsys.Args) {
					binary.NativeEndian.PutUint32(n.memory.bytes[value:], round<<8|uint32(i))
					errno, _ := n.compare(args.Cmd(), args.Encode())
					linux := binary.NativeEndian.Uint32(n.memory.bytes[value:])
					if _, reads := args.(bpfsys.MapLookupElem); !reads || errno != abi.OK {
						return
					}
					succeeded++
					require.Equal(t, abi.OK, n.simulate(args), "%v", kind)
					require.Equal(t, linux, binary.NativeEndian.Uint32(n.memory.bytes[value:]), "%v: owner %d", kind, i)
				}
				update := bpfsys.MapUpdateElem(elem)
				do(elem)
				for _, flags := range []uint64{abi.Exist, abi.NoExist, abi.NoExist, abi.Any, abi.Exist, abi.Lock, 3, 8} {
					update.Flags = flags
					do(update)
				}
				do(elem)
				do(bpfsys.MapLookupAndDeleteElem(elem))
				do(bpfsys.MapGetNextKey{FD: fd, Key: elem.Key, NextKey: elem.Value})
				do(bpfsys.MapGetNextKey{FD: fd, NextKey: elem.Value})
				do(elem)
				if round > 0 {
					do(bpfsys.MapDeleteElem{FD: fd, Key: elem.Key})
					do(elem)
				}
			}
		}
		require.NotZero(t, succeeded, kind)
	}
}

// simulate makes the call in the simulation alone.
func (n *native) simulate(args bpfsys.Args) abi.Errno {
	attr := args.Encode()
	copy(n.attr.bytes, attr[:])
	_, errno := n.sim.Bpf(&maps.Task{}, n.process, uint32(args.Cmd()), n.attr.addr, abi.AttrSize)
	return errno
}
