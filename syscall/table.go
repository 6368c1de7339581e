package bpfsys

import "github.com/bpfsim/bpfsim/abi"

// Level says how far a command is simulated.
type Level uint8

// The levels of support.
const (
	Unsupported Level = iota // answers EPERM
	Probe                    // answers what clients' feature probes need, EPERM to the rest
	Full
)

// String is the level in the status table.
func (l Level) String() string { return [...]string{"no", "probes", "yes"}[l] }

// Command is an entry of the table of commands, which is the dispatch and the documentation at once.
type Command struct {
	Cmd   abi.Cmd
	Level Level
	Note  string // what a reader of the status table should know, or ""

	handler func(*call) (int32, abi.Errno)
	decode  func(*Attr) Args
	end     int // of the last declared field: what lies behind it must be zero
}

// Commands lists every command: those of Linux 6.18 by number, then those that no kernel has.
func Commands() []Command { return append([]Command(nil), table[:]...) }

// commandOf finds a number's entry.
func commandOf(cmd abi.Cmd) (*Command, bool) {
	switch {
	case cmd < abi.NumLinuxCmds:
		return &table[cmd], true
	case cmd >= abi.MapDump && cmd <= abi.MapDumpAndDelete:
		return &table[abi.NumLinuxCmds+cmd-abi.MapDump], true
	}
	return nil, false
}

func full[T Args, P decoder[T]](handler func(*call) (int32, abi.Errno), note string) Command {
	var args T
	return Command{
		Cmd: args.Cmd(), Level: Full, Note: note, handler: handler, decode: decoded[T, P], end: attrEnd(args.Cmd()),
	}
}

// attrEnd is abi.AttrEnd; an attr may be used to its end where a command declares no last field.
func attrEnd(cmd abi.Cmd) int {
	if end, ok := abi.AttrEnd(cmd); ok {
		return end
	}
	return abi.AttrSize
}

func none(cmd abi.Cmd) Command { return Command{Cmd: cmd} }

// table is indexed by the numbers of Linux; those from MapDump on follow them.
var table = [abi.NumLinuxCmds + 3]Command{
	full[MapCreate]((*call).mapCreate, "without BTF, tokens and device offload"),
	full[MapLookupElem]((*call).mapLookupElem, ""),
	full[MapUpdateElem]((*call).mapUpdateElem, ""),
	full[MapDeleteElem]((*call).mapDeleteElem, ""),
	full[MapGetNextKey]((*call).mapGetNextKey, ""),
	{
		Cmd: abi.ProgLoad, Level: Probe, handler: (*call).progLoad, decode: decoded[ProgLoad], end: attrEnd(abi.ProgLoad),
		Note: "the feature probes of libbpf: at most two instructions, never run",
	},
	full[ObjPin]((*call).objPin, "maps only"),
	full[ObjGet]((*call).objGet, "maps only"),
	none(abi.ProgAttach),
	none(abi.ProgDetach),
	none(abi.ProgTestRun),
	none(abi.ProgGetNextID),
	full[MapGetNextID]((*call).mapGetNextID, ""),
	none(abi.ProgGetFDByID),
	full[MapGetFDByID]((*call).mapGetFDByID, ""),
	full[ObjGetInfoByFD]((*call).objGetInfoByFD, "maps only"),
	none(abi.ProgQuery),
	none(abi.RawTracepointOpen),
	none(abi.BTFLoad),
	none(abi.BTFGetFDByID),
	none(abi.TaskFDQuery),
	full[MapLookupAndDeleteElem]((*call).mapLookupAndDeleteElem, ""),
	full[MapFreeze]((*call).mapFreeze, ""),
	none(abi.BTFGetNextID),
	full[MapLookupBatch]((*call).mapLookupBatch, ""),
	full[MapLookupAndDeleteBatch]((*call).mapLookupAndDeleteBatch, ""),
	full[MapUpdateBatch]((*call).mapUpdateBatch, ""),
	full[MapDeleteBatch]((*call).mapDeleteBatch, ""),
	none(abi.LinkCreate),
	none(abi.LinkUpdate),
	none(abi.LinkGetFDByID),
	none(abi.LinkGetNextID),
	none(abi.EnableStats),
	none(abi.IterCreate),
	none(abi.LinkDetach),
	none(abi.ProgBindMap),
	none(abi.TokenCreate),
	none(abi.ProgStreamReadByFD),
	full[MapDump]((*call).mapDump, "RFC v3 of 3 July 2019; no kernel has it"),
	full[MapDumpJuly]((*call).mapDumpJuly, "the version of 24 July 2019, and BPF_F_DUMP_BUCKET; no kernel has it"),
	full[MapDumpAndDelete]((*call).mapDumpAndDelete, "asked for in review in 2019; no kernel has it"),
}
