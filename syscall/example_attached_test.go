package bpfsys_test

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
	bpfsys "github.com/bpfsim/bpfsim/syscall"
)

// Two programs are attached to lo, and a test looks at which of them would run first.
func ExampleKernel_Attached() {
	files := bpfsys.NewFDTable()
	user := bpfsys.NewCallerIn(bpfsys.NewKernel(bpfsys.Options{}), files, bpfsys.NewFileTree())
	code := []byte{0xb7, 0, 0, 0, 0, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0} // r0 = 0; exit
	for _, name := range []string{"first", "second"} {
		prog, _ := user.Do(bpfsys.ProgLoad{
			Type: abi.ProgSchedCLS, Insns: user.Arena.Put(code), InsnCnt: 2, License: user.Arena.Put([]byte("GPL\x00")),
			Name: bpfsys.NameOf(name),
		})
		_, errno := user.Do(bpfsys.LinkCreate{ProgFD: prog, Target: 1, At: abi.AttachTCXIngress})
		fmt.Println("link:", errno)
		files.Close(prog) // the link keeps it
	}
	point := bpfsys.Point{At: abi.AttachTCXIngress, NetNS: bpfsys.FirstNetNS, Device: 1}
	for _, a := range user.Kernel.Attached(point) {
		fmt.Println(a.Program.Name(), "through a link of", a.Link.Type())
	}
	// Output:
	// link: OK
	// link: OK
	// first through a link of TCX
	// second through a link of TCX
}
