package profile

import "github.com/bpfsim/bpfsim/abi"

// Rows are all differences that kernels here know, by the series that brought them. Adding a series is adding rows.
var Rows = []Row{
	{
		Name: "type-cgrp-storage", Since: abi.MakeRelease(6, 2), Before: "CGRP_STORAGE is no map type.", Now: "It is one, here too large.",
		Source: "include/linux/bpf_types.h",
		Check:  "cpu0 BPF_MAP_CREATE @0 size=72 { map_type=32 key_size=4 value_size=65536 map_flags=0x1 btf_key_type_id=1 btf_value_type_id=1 } -> 500",
		Was:    abi.EINVAL, Is: abi.E2BIG,
		undo: withoutType(abi.CgrpStorage),
	},
	{
		Name: "lock-types", Since: abi.MakeRelease(6, 2), Before: "Maps of types whose values may have no spin lock answer ENOTSUPP to one.",
		Now:    "They answer EOPNOTSUPP, as to other fields. Here a PERCPU_HASH.",
		Source: "kernel/bpf/syscall.c, map_check_btf (commit db559117828d)",
		Check:  loadLocked + "cpu0 BPF_MAP_CREATE @0 size=72 { map_type=5 key_size=4 value_size=8 max_entries=1 btf_fd=500 btf_key_type_id=1 btf_value_type_id=4 } -> 501",
		Was:    abi.ENOTSUPP, Is: abi.EOPNOTSUPP,
		undo: func(p *Profile) { p.LockRefusal = abi.ENOTSUPP },
	},
	{
		Name: "lock-freeze", Since: abi.MakeRelease(6, 2), Before: "A map whose values have a spin lock can be frozen.",
		Now:    "It cannot, as those with timers and pointers of the kernel's could not before.",
		Source: "kernel/bpf/syscall.c, map_freeze (commit db559117828d)",
		Check: loadLocked + `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=1 key_size=4 value_size=8 max_entries=1 btf_fd=500 btf_key_type_id=1 btf_value_type_id=4 } -> 501
cpu0 BPF_MAP_FREEZE @0 size=4 { map_fd=501 }`,
		Was: abi.OK, Is: abi.ENOTSUPP,
		undo: func(p *Profile) { p.FreezesLocked = true },
	},
	{
		Name: "log-true-size", Since: abi.MakeRelease(6, 4),
		Before: "BTF_LOAD and PROG_LOAD do not tell how large a log would be.",
		Now:    "btf_log_true_size and log_true_size do. BTF_LOAD here: too large.",
		Source: "kernel/bpf/syscall.c, BPF_BTF_LOAD_LAST_FIELD and BPF_PROG_LOAD_LAST_FIELD",
		Check:  "cpu0 BPF_BTF_LOAD @0 size=32 { btf_size=16777217 btf_log_true_size=1 } -> 500",
		Was:    abi.EINVAL, Is: abi.E2BIG,
		undo: func(p *Profile) {
			p.NoLogTrueSize = true
			p.Ends[abi.BTFLoad], p.Ends[abi.ProgLoad] = 28, 140
		},
	},
	{
		Name: "memlock", Since: abi.MakeRelease(6, 4),
		Before: "memlock in fdinfo is max_entries times key and value, rounded up to 8 bytes and then to a page.",
		Now:    "It is what the map takes. Here 4096 is looked for.",
		Source: "kernel/bpf/syscall.c, bpf_map_show_fdinfo",
		Check: `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=2 key_size=4 value_size=4 max_entries=1 } -> 500
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=1 key_size=4 value_size=4 max_entries=1 } -> 501
cpu0 fdinfo fd=500 to=@3000
cpu0 BPF_MAP_UPDATE_ELEM @40 size=32 { map_fd=501 key=@400 value=@600 } @400=34303936
cpu0 BPF_MAP_LOOKUP_ELEM @40 size=32 { map_fd=501 key=@305c value=@600 }`,
		Was: abi.OK, Is: abi.ENOENT,
		undo: func(p *Profile) { p.MemlockByShape = true },
	},
	{
		Name: "create-checks-first", Since: abi.MakeRelease(6, 5),
		Before: "A caller without CAP_BPF gets EPERM of MAP_CREATE and PROG_LOAD before attr is read.",
		Now:    "What is wrong with the type, its sizes and flags is told first.",
		Source: "kernel/bpf/syscall.c, __sys_bpf; map_create",
		Caller: Nobody,
		Check:  "cpu0 BPF_MAP_CREATE @0 size=72 { map_type=99 key_size=4 value_size=4 max_entries=1 } -> 500",
		Was:    abi.EPERM, Is: abi.EINVAL,
		undo: func(p *Profile) { p.AsksCapFirst = true },
	},
	{
		Name: "network-types-check-first", Since: abi.MakeRelease(6, 5),
		Before: "A caller without CAP_NET_ADMIN gets EPERM for DEVMAP, DEVMAP_HASH, SOCKMAP, SOCKHASH and XSKMAP before their sizes are looked at.",
		Now:    "What is wrong with the sizes and flags of a DEVMAP is told first.",
		Source: "kernel/bpf/devmap.c, dev_map_alloc",
		Caller: BPFOnly,
		Check:  "cpu0 BPF_MAP_CREATE @0 size=72 { map_type=14 key_size=3 value_size=4 max_entries=1 } -> 500",
		Was:    abi.EPERM, Is: abi.EINVAL,
		undo: func(p *Profile) { p.AsksNetAdminFirst = true },
	},
	{
		Name: "freeze-needs-writing", Since: abi.MakeRelease(6, 5),
		Before: "MAP_FREEZE takes CAP_BPF, and any fd will do; it is EBUSY for a map that is frozen already.",
		Now:    "It takes an fd that may write.",
		Source: "kernel/bpf/syscall.c, map_freeze",
		Check: `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=2 key_size=4 value_size=4 max_entries=1 map_flags=0x8 } -> 500
cpu0 BPF_MAP_FREEZE @0 size=4 { map_fd=500 }`,
		Was: abi.OK, Is: abi.EPERM,
		undo: func(p *Profile) { p.FreezesByCap = true },
	},
	{
		Name: "path-fd", Since: abi.MakeRelease(6, 5), Before: "OBJ_PIN and OBJ_GET have no path_fd, and BPF_F_PATH_FD is EINVAL.",
		Now: "A path may be relative to path_fd. Here there is nothing at it.", Source: "kernel/bpf/syscall.c, BPF_OBJ_LAST_FIELD",
		Check: `cpu0 BPF_OBJ_GET @0 size=16 { pathname=@a00 file_flags=0x4000 } @a00=2f6e6f776865726500`,
		Was:   abi.EINVAL, Is: abi.ENOENT,
		undo: func(p *Profile) {
			p.NoPathFD = true
			ending(abi.ObjPathFD, abi.ObjPin, abi.ObjGet)(p)
		},
	},
	{
		Name: "link-create-uprobe-multi", Since: abi.MakeRelease(6, 6), Before: "The attr of LINK_CREATE ends with kprobe_multi.cookies.",
		Now: "It ends with uprobe_multi.pid. Here the program is no open fd.", Source: "kernel/bpf/syscall.c, BPF_LINK_CREATE_LAST_FIELD",
		Check: "cpu0 BPF_LINK_CREATE @0 size=64 { prog_fd=700 +48=01 }",
		Was:   abi.EINVAL, Is: abi.EBADF,
		undo: ending(48, abi.LinkCreate),
	},
	{
		Name: "query-links", Since: abi.MakeRelease(6, 6), Before: "The attr of PROG_QUERY ends with prog_attach_flags.",
		Now: "link_ids, link_attach_flags and revision follow. Here the cgroup is no open fd.", Source: "kernel/bpf/syscall.c, BPF_PROG_QUERY_LAST_FIELD",
		Check: "cpu0 BPF_PROG_QUERY @0 size=64 { target_fd=700 revision=1 }",
		Was:   abi.EINVAL, Is: abi.EBADF,
		undo: ending(40, abi.ProgQuery),
	},
	{
		Name: "attr-size-152", Since: abi.MakeRelease(6, 9), Before: "union bpf_attr has 144 bytes: what is set behind them is E2BIG.",
		Now: "It has 152 bytes (prog_token_fd of PROG_LOAD).", Source: "include/uapi/linux/bpf.h",
		Check: "cpu0 BPF_MAP_FREEZE @0 size=152 { map_fd=700 } @90=01",
		Was:   abi.E2BIG, Is: abi.EINVAL,
		undo: func(p *Profile) { p.AttrSize = 144 },
	},
	{
		Name: "create-token", Since: abi.MakeRelease(6, 9), Before: "The last field of MAP_CREATE is map_extra.",
		Now: "value_type_btf_obj_fd and map_token_fd follow, which is not looked at without its flag.", Source: "kernel/bpf/syscall.c, BPF_MAP_CREATE_LAST_FIELD",
		Check: "cpu0 BPF_MAP_CREATE @0 size=80 { map_type=2 key_size=4 value_size=4 max_entries=1 map_token_fd=1 } -> 500",
		Was:   abi.EINVAL, Is: abi.OK,
		undo: ending(abi.CreateValueTypeBTFObjFD, abi.MapCreate),
	},
	{
		Name: "btf-token", Since: abi.MakeRelease(6, 9), Before: "The last field of BTF_LOAD is btf_log_true_size.",
		Now: "btf_flags and btf_token_fd follow. Here: too large.", Source: "kernel/bpf/syscall.c, BPF_BTF_LOAD_LAST_FIELD",
		Check: "cpu0 BPF_BTF_LOAD @0 size=40 { btf_size=16777217 btf_token_fd=1 } -> 500",
		Was:   abi.EINVAL, Is: abi.E2BIG,
		undo: ending(32, abi.BTFLoad),
	},
	{
		Name: "type-arena", Since: abi.MakeRelease(6, 9), Before: "MAP_CREATE: EINVAL.", Now: "ARENA is a map type.",
		Source: "include/linux/bpf_types.h",
		Check:  "cpu0 BPF_MAP_CREATE @0 size=72 { map_type=33 max_entries=1 map_flags=0x400 } -> 500",
		Was:    abi.EINVAL, Is: abi.OK,
		undo: withoutType(abi.Arena),
	},
	{
		Name: "command-token-create", Since: abi.MakeRelease(6, 9), Before: "TOKEN_CREATE is no command: EINVAL.",
		Now: "TOKEN_CREATE, here EBADF: its bpffs is no open fd.", Source: "kernel/bpf/syscall.c",
		Check: "cpu0 BPF_TOKEN_CREATE @0 size=8 { bpffs_fd=700 } -> 500",
		Was:   abi.EINVAL, Is: abi.EBADF,
		undo: withoutCommand(abi.TokenCreate),
	},
	{
		Name: "tracepoint-cookie", Since: abi.MakeRelease(6, 10), Before: "The last field of RAW_TRACEPOINT_OPEN is prog_fd.",
		Now: "cookie follows. Here the program is no open fd.", Source: "kernel/bpf/syscall.c, BPF_RAW_TRACEPOINT_OPEN_LAST_FIELD",
		Check: "cpu0 BPF_RAW_TRACEPOINT_OPEN @0 size=24 { name=@a00 prog_fd=700 cookie=1 } -> 500",
		Was:   abi.EINVAL, Is: abi.EBADF,
		undo: ending(12, abi.RawTracepointOpen),
	},
	{
		Name: "load-fd-array-cnt", Since: abi.MakeRelease(6, 14), Before: "The last field of PROG_LOAD is prog_token_fd.",
		Now: "fd_array_cnt follows. Here there are no instructions.", Source: "kernel/bpf/syscall.c, BPF_PROG_LOAD_LAST_FIELD",
		Check: "cpu0 BPF_PROG_LOAD @0 size=152 { prog_type=1 fd_array_cnt=1 } -> 500",
		Was:   abi.EINVAL, Is: abi.E2BIG,
		undo: ending(148, abi.ProgLoad),
	},
	{
		Name: "btf-by-id-token", Since: abi.MakeRelease(6, 15), Before: "The last field of BTF_GET_FD_BY_ID is btf_id.",
		Now:    "fd_by_id_token_fd follows, which is not looked at without its flag. Here there is no such id.",
		Source: "kernel/bpf/syscall.c, BPF_BTF_GET_FD_BY_ID_LAST_FIELD (commit 0de445d18e36)",
		Check:  "cpu0 BPF_BTF_GET_FD_BY_ID @0 size=16 { btf_id=4294967295 fd_by_id_token_fd=1 } -> 500",
		Was:    abi.EINVAL, Is: abi.ENOENT,
		undo: ending(4, abi.BTFGetFDByID),
	},
	{
		Name: "inner-in-place", Since: abi.MakeRelease(6, 16),
		Before: "An update of a HASH_OF_MAPS unlinks the element that it replaces and links another one, the first of its bucket.",
		Now:    "It replaces the inner map in place, and the key stays where it is.",
		Source: "kernel/bpf/hashtab.c, bpf_fd_htab_map_update_elem",
		Check: `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=2 key_size=4 value_size=4 max_entries=1 } -> 500
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=13 key_size=4 value_size=4 max_entries=2 map_flags=0x40 inner_map_fd=500 } -> 501
cpu0 BPF_MAP_UPDATE_BATCH @0 size=56 { keys=@1000 values=@3000 count=2 map_fd=501 } @1000=0100000003000000 @3000=f4010000f4010000
cpu0 BPF_MAP_GET_NEXT_KEY @40 size=24 { map_fd=501 next_key=@400 }
cpu0 BPF_MAP_GET_NEXT_KEY @40 size=24 { map_fd=501 key=@400 next_key=@420 }
cpu0 BPF_MAP_UPDATE_ELEM @40 size=32 { map_fd=501 key=@420 value=@3000 }
cpu0 BPF_MAP_GET_NEXT_KEY @40 size=24 { map_fd=501 next_key=@440 }
cpu0 BPF_MAP_CREATE @0 size=72 { map_type=1 key_size=4 value_size=4 max_entries=1 } -> 502
cpu0 BPF_MAP_UPDATE_ELEM @40 size=32 { map_fd=502 key=@420 value=@600 }
cpu0 BPF_MAP_LOOKUP_ELEM @40 size=32 { map_fd=502 key=@440 value=@600 }`,
		Was: abi.OK, Is: abi.ENOENT,
		undo: func(p *Profile) { p.InnerMoves = true },
	},
	{
		Name: "lru-target", Since: abi.MakeRelease(6, 16),
		Backports: map[abi.Release]string{abi.Linux612: "6.12.37"},
		Before: "A CPU of an LRU map without BPF_F_NO_COMMON_LRU fetches 128 free elements at once, and so evicts up to 128 where none are free: " +
			"a small map loses all it holds.",
		Now:    "It fetches half of its share of max_entries, at least 1 and at most 128.",
		Source: "kernel/bpf/bpf_lru_list.c, bpf_lru_list_pop_free_to_local (commit d4adf1c9ee77)",
		Check: `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=9 key_size=4 value_size=4 max_entries=2 map_flags=0x40 } -> 500
cpu0 BPF_MAP_UPDATE_ELEM @40 size=32 { map_fd=500 key=@400 value=@600 } @400=01000000
cpu0 BPF_MAP_UPDATE_ELEM @40 size=32 { map_fd=500 key=@400 value=@600 } @400=02000000
cpu0 BPF_MAP_UPDATE_ELEM @40 size=32 { map_fd=500 key=@400 value=@600 } @400=03000000
cpu0 BPF_MAP_LOOKUP_ELEM @40 size=32 { map_fd=500 key=@400 value=@600 } @400=02000000`,
		Was: abi.ENOENT, Is: abi.OK,
		undo: func(p *Profile) { p.LRUTarget = 128 },
	},
	{
		Name: "command-prog-stream-read-by-fd", Since: abi.MakeRelease(6, 17), Before: "PROG_STREAM_READ_BY_FD is no command: EINVAL.",
		Now: "PROG_STREAM_READ_BY_FD, here EBADF: its program is no open fd.", Source: "kernel/bpf/syscall.c",
		Check: "cpu0 BPF_PROG_STREAM_READ_BY_FD @0 size=20 { stream_buf=@600 stream_buf_len=8 stream_id=1 prog_fd=700 }",
		Was:   abi.EINVAL, Is: abi.EBADF,
		undo: withoutCommand(abi.ProgStreamReadByFD),
	},
	{
		Name: "take-stack", Since: abi.MakeRelease(6, 18), Before: "LOOKUP_AND_DELETE_ELEM of a STACK_TRACE is ENOTSUPP.",
		Now: "It takes a stack. Here there is none.", Source: "kernel/bpf/syscall.c, map_lookup_and_delete_elem",
		Check: `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=7 key_size=4 value_size=8 max_entries=1 } -> 500
cpu0 BPF_MAP_LOOKUP_AND_DELETE_ELEM @40 size=32 { map_fd=500 key=@400 value=@600 }`,
		Was: abi.ENOTSUPP, Is: abi.ENOENT,
		undo: func(p *Profile) { p.LacksTaking[abi.StackTrace] = true },
	},
	{
		Name: "attr-size-168", Since: abi.MakeRelease(6, 18), Before: "union bpf_attr has 152 bytes: what is set behind them is E2BIG.",
		Now: "It has 168 bytes (signature, signature_size and keyring_id of PROG_LOAD).", Source: "include/uapi/linux/bpf.h",
		Check: "cpu0 BPF_MAP_FREEZE @0 size=168 { map_fd=700 } @a0=01",
		Was:   abi.E2BIG, Is: abi.EINVAL,
		undo: func(p *Profile) { p.AttrSize = 152 },
	},
	{
		Name: "create-excl-prog-hash", Since: abi.MakeRelease(6, 18),
		Before: "The last field of MAP_CREATE is map_token_fd: EINVAL for what is set behind it.",
		Now:    "excl_prog_hash and excl_prog_hash_size follow, the hash of the only program that may use the map.",
		Source: "kernel/bpf/syscall.c, BPF_MAP_CREATE_LAST_FIELD",
		Check:  "cpu0 BPF_MAP_CREATE @0 size=92 { map_type=2 key_size=4 value_size=4 max_entries=1 excl_prog_hash=@600 excl_prog_hash_size=32 } -> 500",
		Was:    abi.EINVAL, Is: abi.OK,
		undo: ending(abi.CreateExclProgHash, abi.MapCreate),
	},
	{
		Name: "map-info-hash", Since: abi.MakeRelease(6, 18),
		Before: "struct bpf_map_info has 88 bytes: what is set behind them is E2BIG.",
		Now:    "hash and hash_size follow; the struct has 104 bytes.",
		Source: "kernel/bpf/syscall.c, bpf_map_get_info_by_fd",
		Check: `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=2 key_size=4 value_size=4 max_entries=1 } -> 500
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=104 info=@b00 } @b00=` + zeros(88) + "01" + zeros(15),
		Was: abi.E2BIG, Is: abi.EINVAL,
		undo: func(p *Profile) { p.MapInfo, p.MapInfoEnd = abi.MapInfoHash, abi.MapInfoHash },
	},
	{
		Name: "map-info-read-first", Since: abi.MakeRelease(6, 18),
		Before: "struct bpf_map_info is written as a whole and not read: memory that cannot be written faults behind what could be, and what does not " +
			"apply to the map is 0.",
		Now:    "It is read first, and what does not apply to the map stays as it was.",
		Source: "kernel/bpf/syscall.c, bpf_map_get_info_by_fd",
		Check: `cpu0 BPF_MAP_CREATE @0 size=72 { map_type=2 key_size=4 value_size=4 max_entries=1 } -> 500
cpu0 BPF_OBJ_GET_INFO_BY_FD @0 size=16 { bpf_fd=500 info_len=88 info=@b00 } @b00=` + zeros(40) + "01" + zeros(47) + `
cpu0 BPF_MAP_LOOKUP_ELEM @40 size=32 { map_fd=500 key=@b28 value=@600 }`,
		Was: abi.OK, Is: abi.ENOENT,
		undo: func(p *Profile) { p.ReadsMapInfo = false },
	},
}
