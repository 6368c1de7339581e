package bpfsys

// MapLookupBatch copies up to Count elements to the arrays at Keys and Values, from the cursor at In (0: the start),
// and writes the cursor to go on from to Out. The number copied is written over Count in the caller's attr.
type MapLookupBatch struct {
	In        uint64 `attr:"in_batch"`
	Out       uint64 `attr:"out_batch"`
	Keys      uint64 `attr:"keys"`
	Values    uint64 `attr:"values"`
	Count     uint32 `attr:"count"`
	FD        int32  `attr:"map_fd"`
	ElemFlags uint64 `attr:"elem_flags"`
	Flags     uint64 `attr:"flags"`
}

// MapLookupAndDeleteBatch is MapLookupBatch that also removes what it copies.
type MapLookupAndDeleteBatch MapLookupBatch

// MapUpdateBatch sets Count elements in order. The number set is written over Count in the caller's attr; In and Out
// are ignored.
type MapUpdateBatch MapLookupBatch

// MapDeleteBatch removes Count keys in order. The number removed is written over Count in the caller's attr; In, Out
// and Values are ignored.
type MapDeleteBatch MapLookupBatch
