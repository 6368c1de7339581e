package abi_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

func Example() {
	fmt.Println(abi.MapUpdateElem, abi.LRUHash, abi.E2BIG)
	fmt.Println(abi.ENOTSUPP, abi.EOPNOTSUPP, uint32(abi.ENOTSUPP), uint32(abi.EOPNOTSUPP))
	// Output:
	// BPF_MAP_UPDATE_ELEM LRU_HASH E2BIG
	// ENOTSUPP EOPNOTSUPP 524 95
}
