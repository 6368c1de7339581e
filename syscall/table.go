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

// Command is an entry of the table of commands. (*call).run has the code of those that are not Unsupported.
type Command struct {
	Cmd   abi.Cmd
	Level Level
	Note  string // what a reader of the status table should know, or ""

	decode func(Fields) Args
	end    int // of the last declared field: what lies behind it must be zero
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

func full[T Args, P decoder[T]](note string) Command { return known[T, P](Full, note) }

func known[T Args, P decoder[T]](level Level, note string) Command {
	var args T
	return Command{Cmd: args.Cmd(), Level: level, Note: note, decode: decoded[T, P], end: attrEnd(args.Cmd())}
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
	full[MapCreate]("without BTF, tokens and device offload"),
	full[MapLookupElem](""),
	full[MapUpdateElem](""),
	full[MapDeleteElem](""),
	full[MapGetNextKey](""),
	known[ProgLoad](Probe, "the feature probes of libbpf: at most two instructions, never run"),
	full[ObjPin]("maps only"),
	full[ObjGet]("maps only"),
	none(abi.ProgAttach),
	none(abi.ProgDetach),
	none(abi.ProgTestRun),
	none(abi.ProgGetNextID),
	full[MapGetNextID](""),
	none(abi.ProgGetFDByID),
	full[MapGetFDByID](""),
	full[ObjGetInfoByFD]("maps only"),
	none(abi.ProgQuery),
	none(abi.RawTracepointOpen),
	none(abi.BTFLoad),
	none(abi.BTFGetFDByID),
	none(abi.TaskFDQuery),
	full[MapLookupAndDeleteElem](""),
	full[MapFreeze](""),
	none(abi.BTFGetNextID),
	full[MapLookupBatch](""),
	full[MapLookupAndDeleteBatch](""),
	full[MapUpdateBatch](""),
	full[MapDeleteBatch](""),
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
	full[MapDump]("RFC v3 of 3 July 2019; no kernel has it"),
	full[MapDumpJuly]("the version of 24 July 2019, and BPF_F_DUMP_BUCKET; no kernel has it"),
	full[MapDumpAndDelete]("asked for in review in 2019; no kernel has it"),
}
