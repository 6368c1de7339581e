package model_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/model"
)

// A map is made as fd 3. A kernel that says that a key it never saw can be deleted is wrong.
func ExampleState_Next() {
	memory := model.Memory{{Addr: 0x1000, Bytes: make([]byte, 4096)}}
	copy(memory[0].Bytes, []byte{0: byte(abi.Hash), 4: 4, 8: 8, 12: 16}) // type, key and value size, entries
	create := model.Call{Cmd: abi.MapCreate, Attr: 0x1000, Size: 16, Before: memory}

	state := model.New(model.Config{CPUs: 1, BPF: true, SysAdmin: true})
	states, _ := state.Next(create, model.Result{Ret: 3, After: memory})
	fmt.Println("created:", len(states), "state")

	memory = model.Memory{{Addr: 0x1000, Bytes: make([]byte, 4096)}}
	copy(memory[0].Bytes, []byte{0: 3, 8: 0, 9: 0x18}) // fd 3, key at 0x1800
	remove := model.Call{Cmd: abi.MapDeleteElem, Attr: 0x1000, Size: 16, Before: memory}
	_, why := states[0].Next(remove, model.Result{After: memory})
	fmt.Println(why)
	// Output:
	// created: 1 state
	// BPF_MAP_DELETE_ELEM: want errno ENOENT, saw OK (result 0)
}
