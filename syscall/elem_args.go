package bpfsys

// MapLookupElem copies the value of the key at Key to Value.
type MapLookupElem struct {
	FD    int32  `attr:"map_fd"`
	Key   uint64 `attr:"key"`
	Value uint64 `attr:"value"`
	Flags uint64 `attr:"flags"`
}

// MapUpdateElem sets the value of the key at Key to the one at Value.
type MapUpdateElem MapLookupElem

// MapLookupAndDeleteElem removes the key at Key and copies the value it had to Value.
type MapLookupAndDeleteElem MapLookupElem

// MapDeleteElem removes the key at Key.
type MapDeleteElem struct {
	FD  int32  `attr:"map_fd"`
	Key uint64 `attr:"key"`
}

// MapGetNextKey writes the key that follows the one at Key (0: the first) to NextKey.
type MapGetNextKey struct {
	FD      int32  `attr:"map_fd"`
	Key     uint64 `attr:"key"`
	NextKey uint64 `attr:"next_key"`
}

// MapFreeze ends updates through bpf(2).
type MapFreeze struct {
	FD int32 `attr:"map_fd"`
}
