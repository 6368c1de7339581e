package abi

import "strconv"

// Cmd is the first argument of bpf(2).
type Cmd uint32

// Commands of Linux 6.18 (enum bpf_cmd), then those of proposals that no kernel has.
const (
	MapCreate               Cmd = 0
	MapLookupElem           Cmd = 1
	MapUpdateElem           Cmd = 2
	MapDeleteElem           Cmd = 3
	MapGetNextKey           Cmd = 4
	ProgLoad                Cmd = 5
	ObjPin                  Cmd = 6
	ObjGet                  Cmd = 7
	ProgAttach              Cmd = 8
	ProgDetach              Cmd = 9
	ProgTestRun             Cmd = 10
	ProgGetNextID           Cmd = 11
	MapGetNextID            Cmd = 12
	ProgGetFDByID           Cmd = 13
	MapGetFDByID            Cmd = 14
	ObjGetInfoByFD          Cmd = 15
	ProgQuery               Cmd = 16
	RawTracepointOpen       Cmd = 17
	BTFLoad                 Cmd = 18
	BTFGetFDByID            Cmd = 19
	TaskFDQuery             Cmd = 20
	MapLookupAndDeleteElem  Cmd = 21
	MapFreeze               Cmd = 22
	BTFGetNextID            Cmd = 23
	MapLookupBatch          Cmd = 24
	MapLookupAndDeleteBatch Cmd = 25
	MapUpdateBatch          Cmd = 26
	MapDeleteBatch          Cmd = 27
	LinkCreate              Cmd = 28
	LinkUpdate              Cmd = 29
	LinkGetFDByID           Cmd = 30
	LinkGetNextID           Cmd = 31
	EnableStats             Cmd = 32
	IterCreate              Cmd = 33
	LinkDetach              Cmd = 34
	ProgBindMap             Cmd = 35
	TokenCreate             Cmd = 36
	ProgStreamReadByFD      Cmd = 37

	// NumLinuxCmds is the first number that Linux 6.18 does not know.
	NumLinuxCmds Cmd = 38

	// MapDump is BPF_MAP_DUMP of RFC v3 (3 July 2019, netdev: "bpf: add BPF_MAP_DUMP command to dump more than one
	// entry per call"). Its number there, 23, is BPF_BTF_GET_NEXT_ID on every kernel since 5.4.
	MapDump Cmd = 1000
	// MapDumpJuly is BPF_MAP_DUMP as mailed on 24 July 2019, with map_fd as its last field.
	MapDumpJuly Cmd = 1001
	// MapDumpAndDelete is what Yonghong Song asked for in his review of RFC v3 (5 July 2019).
	MapDumpAndDelete Cmd = 1002

	// PerfEventOpen and PerfIoctl are no commands of bpf(2) but perf_event_open(2), and ioctl(2) on what that opens. Where calls
	// are written down to be made on several kernels, their arguments are fields like those of attr.
	PerfEventOpen Cmd = 3000
	PerfIoctl     Cmd = 3001
)

var cmdNames = map[Cmd]string{
	MapCreate: "BPF_MAP_CREATE", MapLookupElem: "BPF_MAP_LOOKUP_ELEM", MapUpdateElem: "BPF_MAP_UPDATE_ELEM",
	MapDeleteElem: "BPF_MAP_DELETE_ELEM", MapGetNextKey: "BPF_MAP_GET_NEXT_KEY", ProgLoad: "BPF_PROG_LOAD",
	ObjPin: "BPF_OBJ_PIN", ObjGet: "BPF_OBJ_GET", ProgAttach: "BPF_PROG_ATTACH", ProgDetach: "BPF_PROG_DETACH",
	ProgTestRun: "BPF_PROG_TEST_RUN", ProgGetNextID: "BPF_PROG_GET_NEXT_ID", MapGetNextID: "BPF_MAP_GET_NEXT_ID",
	ProgGetFDByID: "BPF_PROG_GET_FD_BY_ID", MapGetFDByID: "BPF_MAP_GET_FD_BY_ID",
	ObjGetInfoByFD: "BPF_OBJ_GET_INFO_BY_FD", ProgQuery: "BPF_PROG_QUERY",
	RawTracepointOpen: "BPF_RAW_TRACEPOINT_OPEN", BTFLoad: "BPF_BTF_LOAD", BTFGetFDByID: "BPF_BTF_GET_FD_BY_ID",
	TaskFDQuery: "BPF_TASK_FD_QUERY", MapLookupAndDeleteElem: "BPF_MAP_LOOKUP_AND_DELETE_ELEM",
	MapFreeze: "BPF_MAP_FREEZE", BTFGetNextID: "BPF_BTF_GET_NEXT_ID", MapLookupBatch: "BPF_MAP_LOOKUP_BATCH",
	MapLookupAndDeleteBatch: "BPF_MAP_LOOKUP_AND_DELETE_BATCH", MapUpdateBatch: "BPF_MAP_UPDATE_BATCH",
	MapDeleteBatch: "BPF_MAP_DELETE_BATCH", LinkCreate: "BPF_LINK_CREATE", LinkUpdate: "BPF_LINK_UPDATE",
	LinkGetFDByID: "BPF_LINK_GET_FD_BY_ID", LinkGetNextID: "BPF_LINK_GET_NEXT_ID", EnableStats: "BPF_ENABLE_STATS",
	IterCreate: "BPF_ITER_CREATE", LinkDetach: "BPF_LINK_DETACH", ProgBindMap: "BPF_PROG_BIND_MAP",
	TokenCreate: "BPF_TOKEN_CREATE", ProgStreamReadByFD: "BPF_PROG_STREAM_READ_BY_FD", MapDump: "BPF_MAP_DUMP",
	MapDumpJuly: "BPF_MAP_DUMP_JULY", MapDumpAndDelete: "BPF_MAP_DUMP_AND_DELETE",
	PerfEventOpen: "perf_event_open", PerfIoctl: "perf_ioctl",
}

// String is the kernel's name, or the number where the command has none.
func (c Cmd) String() string {
	if name, ok := cmdNames[c]; ok {
		return name
	}
	return strconv.FormatUint(uint64(c), 10)
}

// CmdByName finds a command by the name that String gives it.
func CmdByName(name string) (Cmd, bool) {
	for c, n := range cmdNames {
		if n == name {
			return c, true
		}
	}
	return 0, false
}
