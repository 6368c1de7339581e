package fault_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/fault"
	"github.com/bpfsim/bpfsim/syscall"
)

func Example() {
	var faults fault.Set
	rule, err := fault.Parse("update@ct:nth=2=ENOMEM")
	if err != nil {
		panic(err)
	}
	active := faults.Add(rule)

	c := bpfsys.NewCaller(bpfsys.NewKernel(bpfsys.Options{Fault: faults.Fault}))
	fd, _ := c.Do(bpfsys.MapCreate{Type: abi.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 8, Name: bpfsys.NameOf("ct")})
	for i := range byte(3) {
		_, errno := c.Do(bpfsys.MapUpdateElem{FD: fd, Key: c.Arena.Put([]byte{i, 0, 0, 0}), Value: c.Arena.Put(make([]byte, 4))})
		fmt.Println(errno)
	}
	fmt.Println(active.Hits())
	// Output:
	// OK
	// ENOMEM
	// OK
	// 1
}
