package bpfsys_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// A map is made, filled and dumped by system calls, without root and on any OS.
func Example() {
	user := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{CPUs: 4}))
	mem := user.Arena

	fd, errno := user.Do(bpfsys.MapCreate{
		Type: abi.Hash, KeySize: 1, ValueSize: 1, MaxEntries: 8, Flags: abi.FlagZeroSeed, Name: bpfsys.NameOf("counts"),
	})
	fmt.Println("create:", errno)
	for i := range 3 {
		key, value := mem.Put([]byte{byte(i)}), mem.Put([]byte{byte(10 * i)})
		user.Do(bpfsys.MapUpdateElem{FD: fd, Key: key, Value: value})
	}
	key, value := mem.Put([]byte{2}), mem.Alloc(1)
	_, errno = user.Do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: value})
	fmt.Println("lookup:", errno, mem.Bytes(value, 1))
	_, errno = user.Do(bpfsys.MapLookupElem{FD: fd, Key: key, Value: 0})
	fmt.Println("lookup into nowhere:", errno)

	buf, room := mem.Alloc(16), mem.Put([]byte{16, 0, 0, 0})
	_, errno = user.Do(bpfsys.MapDump{FD: fd, Buf: buf, BufLen: room})
	fmt.Println("dump:", errno, mem.Bytes(buf, int(mem.Bytes(room, 4)[0])))
	// Output:
	// create: OK
	// lookup: OK [20]
	// lookup into nowhere: EFAULT
	// dump: OK [2 20 1 10 0 0]
}

// A test plays the kernel's part of a ring buffer: a program's helpers fill it, and a process consumes.
func ExampleHelpers_Output() {
	kernel := bpfsys.NewKernel(bpfsys.Options{CPUs: 2})
	user := bpfsys.NewCaller(kernel)
	_, errno := user.Do(bpfsys.MapCreate{Type: abi.RingBuf, MaxEntries: 4096, Name: bpfsys.NameOf("events")})
	fmt.Println("create:", errno)

	events := kernel.HoldNamed("events")
	defer events.Release()
	events.Watch(func() { fmt.Println("whoever waits is woken up") })
	ring, program := events.Elements().(maps.Ring), bpfsys.Helpers{Task: &maps.Task{CPU: 1}}
	fmt.Println("output:", program.Output(ring, []byte("one"), 0))
	record := program.Reserve(ring, 3, 0)
	record.Write(0, []byte("two"))
	record.Submit(program.Task, abi.RingNoWakeup)
	fmt.Println("output:", program.Output(ring, make([]byte, 4096), 0))
	ring.Consume(program.Task, func(data []byte) { fmt.Printf("consumed: %s\n", data) })
	// Output:
	// create: OK
	// whoever waits is woken up
	// output: OK
	// output: EAGAIN
	// consumed: one
	// consumed: two
}
