package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// LinkCreate attaches a program. What a kind of link asks for lies behind these fields (abi.LinkCreateFlags).
type LinkCreate struct {
	ProgFD int32          `attr:"prog_fd"`
	Target int32          `attr:"target_fd"` // an fd or the index of a network device
	At     abi.AttachType `attr:"attach_type"`
	Flags  uint32         `attr:"flags"`
}

// LinkUpdate gives a link another program.
type LinkUpdate struct {
	FD    int32  `attr:"link_fd"`
	NewFD int32  `attr:"new_prog_fd"`
	Flags uint32 `attr:"flags"`
	OldFD int32  `attr:"old_prog_fd"` // with BPF_F_REPLACE, the program that it must have
}

// LinkDetach ends a link while somebody has an fd of it.
type LinkDetach struct {
	FD int32 `attr:"link_fd"`
}

// LinkGetNextID writes the smallest id above StartID over next_id in the caller's attr.
type LinkGetNextID struct {
	StartID uint32 `attr:"start_id"`
	NextID  uint32 `attr:"next_id"`
}

// LinkGetFDByID opens the link with an id.
type LinkGetFDByID struct {
	ID uint32 `attr:"link_id"`
}

// RawTracepointOpen attaches a program to the tracepoint whose name is at Name, or to what it was loaded for.
type RawTracepointOpen struct {
	Name   uint64 `attr:"name"`
	ProgFD int32  `attr:"prog_fd"`
	Cookie uint64 `attr:"cookie"`
}

// IterCreate opens what an iterator's link iterates over.
type IterCreate struct {
	FD    int32  `attr:"link_fd"`
	Flags uint32 `attr:"flags"`
}
