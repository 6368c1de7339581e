package sim

import (
	"encoding/binary"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// User makes bpf(2) calls as a thread of the machine's one process: fds and the file system are shared by all, each
// has an arena of its own. Keys and values go through buffers that live in the arena; slices returned are copies.
// Caller.Do makes any other call.
type User struct {
	*bpfsys.Caller
	task                    *Task // nil for the machine's own, whose calls are not scheduled
	key, value, next, count buffer
}

// User is a thread of the machine's process that no schedule knows, for setting up and checking. Its calls take no steps.
func (m *Machine) User() *User {
	if m.user == nil {
		m.user = m.newUser(&maps.Task{})
	}
	return m.user
}

// Kernel is the machine's kernel.
func (m *Machine) Kernel() *bpfsys.Kernel {
	if m.kernel == nil {
		m.kernel = bpfsys.NewKernel(bpfsys.Options{CPUs: m.options.CPUs, Seed: m.options.Seed, Numbers: m.options.Numbers})
		m.files, m.tree = bpfsys.NewFDTable(), bpfsys.NewFileTree()
	}
	return m.kernel
}

func (m *Machine) newUser(task *maps.Task) *User {
	kernel := m.Kernel() // which makes the files too
	u := &User{Caller: bpfsys.NewCallerIn(kernel, m.files, m.tree)}
	u.Task = task
	for _, b := range []*buffer{&u.key, &u.value, &u.next, &u.count} {
		b.arena = u.Arena
	}
	return u
}

// buffer is user memory that is used again and again.
type buffer struct {
	arena *bpfsys.Arena
	addr  uint64
	size  int
}

// room makes the buffer hold at least n bytes and returns its address.
func (b *buffer) room(n int) uint64 {
	if b.size < n || b.addr == 0 {
		b.size = max(n, 64)
		b.addr = b.arena.Alloc(b.size)
	}
	return b.addr
}

// put stores content and returns its address, 0 for nil.
func (b *buffer) put(content []byte) uint64 {
	if content == nil {
		return 0
	}
	addr := b.room(len(content))
	b.arena.Write(addr, content)
	return addr
}

// get copies the first n bytes, nil unless errno is OK.
func (b *buffer) get(n int, errno abi.Errno) []byte {
	if errno != abi.OK {
		return nil
	}
	return append([]byte{}, b.arena.Bytes(b.addr, n)...)
}

// do makes a call and begins a span with it.
func (u *User) do(args bpfsys.Args) abi.Errno {
	if u.task != nil {
		u.task.Mark()
	}
	_, errno := u.Do(args)
	return errno
}

// sizes of keys and values of fd's map in bytes; 0 where fd is no map.
func (u *User) sizes(fd int32) (key, value int) {
	if file, _ := u.Process.Files.Get(fd); file != nil && file.Map() != nil {
		return int(file.Map().Spec().KeySize), file.Map().Elements().ValueBytes()
	}
	return 0, 0
}

// Create makes a map and returns its fd.
func (u *User) Create(args bpfsys.MapCreate) (int32, abi.Errno) { return u.Do(args) }

// Update sets a value. The key is nil for queues and stacks.
func (u *User) Update(fd int32, key, value []byte, flags uint64) abi.Errno {
	return u.do(bpfsys.MapUpdateElem{FD: fd, Key: u.key.put(key), Value: u.value.put(value), Flags: flags})
}

// Lookup returns a value. The key is nil for queues and stacks, which are peeked at.
func (u *User) Lookup(fd int32, key []byte) ([]byte, abi.Errno) {
	_, size := u.sizes(fd)
	errno := u.do(bpfsys.MapLookupElem{FD: fd, Key: u.key.put(key), Value: u.value.room(size)})
	return u.value.get(size, errno), errno
}

// LookupAndDelete removes an element and returns its value. The key is nil for queues and stacks, which are popped.
func (u *User) LookupAndDelete(fd int32, key []byte) ([]byte, abi.Errno) {
	_, size := u.sizes(fd)
	errno := u.do(bpfsys.MapLookupAndDeleteElem{FD: fd, Key: u.key.put(key), Value: u.value.room(size)})
	return u.value.get(size, errno), errno
}

// Delete removes a key.
func (u *User) Delete(fd int32, key []byte) abi.Errno {
	return u.do(bpfsys.MapDeleteElem{FD: fd, Key: u.key.put(key)})
}

// NextKey returns the key behind key, the first for nil.
func (u *User) NextKey(fd int32, key []byte) ([]byte, abi.Errno) {
	size, _ := u.sizes(fd)
	errno := u.do(bpfsys.MapGetNextKey{FD: fd, Key: u.key.put(key), NextKey: u.next.room(size)})
	return u.next.get(size, errno), errno
}

// Freeze ends updates through bpf(2).
func (u *User) Freeze(fd int32) abi.Errno { return u.do(bpfsys.MapFreeze{FD: fd}) }

// Dump makes one MapDump call with a buffer of room bytes. prev is the key to start behind, nil for the start without
// a cursor; cursor is what the call left in its place. Records are keys and values, packed.
func (u *User) Dump(fd int32, prev []byte, room uint32) (records, cursor []byte, errno abi.Errno) {
	args := bpfsys.MapDump{FD: fd, PrevKey: u.key.put(prev), Buf: u.value.room(int(room))}
	args.BufLen = u.count.put(binary.LittleEndian.AppendUint32(nil, room))
	errno = u.do(args)
	filled := min(binary.LittleEndian.Uint32(u.Arena.Bytes(args.BufLen, 4)), room)
	if prev != nil {
		cursor = u.key.get(len(prev), abi.OK)
	}
	return u.value.get(int(filled), errno), cursor, errno
}

// Batch is what a batch command returned: Count keys and values, packed, and the cursor to go on from.
type Batch struct {
	Keys, Values []byte
	Count        int
	Cursor       []byte
}

// LookupBatch reads up to count elements from a cursor on, nil for the start. ENOENT ends the walk; its batch counts.
func (u *User) LookupBatch(fd int32, cursor []byte, count int) (Batch, abi.Errno) {
	args := u.batch(fd, cursor, count)
	errno := u.do(args)
	return u.result(args), errno
}

// LookupAndDeleteBatch is LookupBatch that also removes what it returns.
func (u *User) LookupAndDeleteBatch(fd int32, cursor []byte, count int) (Batch, abi.Errno) {
	args := u.batch(fd, cursor, count)
	errno := u.do(bpfsys.MapLookupAndDeleteBatch(args))
	return u.result(args), errno
}

// UpdateBatch sets count elements, packed, and returns how many it set.
func (u *User) UpdateBatch(fd int32, keys, values []byte, count int) (int, abi.Errno) {
	args := bpfsys.MapUpdateBatch{FD: fd, Keys: u.key.put(keys), Values: u.value.put(values), Count: uint32(count)}
	errno := u.do(args)
	return u.done(), errno
}

// DeleteBatch removes count keys, packed, and returns how many it removed.
func (u *User) DeleteBatch(fd int32, keys []byte, count int) (int, abi.Errno) {
	errno := u.do(bpfsys.MapDeleteBatch{FD: fd, Keys: u.key.put(keys), Count: uint32(count)})
	return u.done(), errno
}

// cursorBytes is the least room for a batch's cursor: a bucket number, where the map does not use a key.
const cursorBytes = 4

func (u *User) batch(fd int32, cursor []byte, count int) bpfsys.MapLookupBatch {
	key, value := u.sizes(fd)
	return bpfsys.MapLookupBatch{
		FD: fd, Count: uint32(count), In: u.count.put(cursor), Out: u.next.room(max(key, cursorBytes)),
		Keys: u.key.room(count * key), Values: u.value.room(count * value),
	}
}

func (u *User) result(args bpfsys.MapLookupBatch) Batch {
	key, value := u.sizes(args.FD)
	n := min(u.done(), int(args.Count))
	return Batch{
		Count: n, Keys: u.key.get(n*key, abi.OK), Values: u.value.get(n*value, abi.OK),
		Cursor: u.next.get(max(key, cursorBytes), abi.OK),
	}
}

// done is the count that the last batch command left in its attr.
func (u *User) done() int { return int(binary.LittleEndian.Uint32(u.Attr()[abi.BatchCount:])) }
