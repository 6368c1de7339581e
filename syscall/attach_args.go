package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// ProgAttach attaches a program without a link.
type ProgAttach struct {
	Target    int32          `attr:"target_fd"` // an fd or the index of a network device
	ProgFD    int32          `attr:"attach_bpf_fd"`
	At        abi.AttachType `attr:"attach_type"`
	Flags     uint32         `attr:"attach_flags"`
	ReplaceFD int32          `attr:"replace_bpf_fd"` // with BPF_F_REPLACE
	Relative  uint32         `attr:"relative_fd"`    // the fd or id of what the program shall be next to
	Revision  uint64         `attr:"expected_revision"`
}

// ProgDetach takes a program away that ProgAttach attached.
type ProgDetach ProgAttach

// ProgQuery asks what is attached. The lists take Count entries of 4 bytes each; results are written over AttachFlags, Count and
// Revision in the caller's attr.
type ProgQuery struct {
	Target      int32          `attr:"target_fd"`
	At          abi.AttachType `attr:"attach_type"`
	Flags       uint32         `attr:"query_flags"`
	AttachFlags uint32         `attr:"attach_flags"`
	ProgIDs     uint64         `attr:"prog_ids"`
	Count       uint32         `attr:"prog_cnt"`
	ProgFlags   uint64         `attr:"prog_attach_flags"`
	LinkIDs     uint64         `attr:"link_ids"`
	LinkFlags   uint64         `attr:"link_attach_flags"`
	Revision    uint64         `attr:"revision"`
}
