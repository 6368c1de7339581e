package profile

import "github.com/bpfsim/bpfsim/abi"

// Gap is something that profiles from one series up to another do not have as their kernels do: nobody has taken the facts.
type Gap struct {
	// Feature is its name among those that comparisons can leave out (package program).
	Feature      string
	From, Before abi.Release
	What         string
}

// Gaps are what a comparison with a kernel of an older series leaves out.
var Gaps = []Gap{
	{"memlock", abi.Linux612, abi.Linux618, "memlock in fdinfo: it is what the map takes on 6.18."},
	{"btf", abi.Linux61, abi.Linux618, "BTF: what it may say, and what of it the values of a map may have."},
	{"programs", abi.Linux61, abi.Linux618, "Programs, links, attachments, perf events, STRUCT_OPS and what their info tells: they are those of 6.18."},
}
