package profile_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
)

// What Linux 6.1 lacks of what 6.12 has. bpfsys.Options takes a profile.
func Example() {
	old, later := profile.Of(abi.Linux61), profile.Of(abi.Linux612)
	for _, row := range profile.Rows {
		if !row.In(abi.Linux61) && row.In(abi.Linux612) && row.Since == abi.MakeRelease(6, 9) {
			fmt.Println(row.Name)
		}
	}
	fmt.Println(old.AttrSize, later.AttrSize)
	// Output:
	// attr-size-152
	// create-token
	// btf-token
	// type-arena
	// command-token-create
	// 144 152
}
