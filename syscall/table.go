package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/profile"
)

// Level says how far a command is simulated.
type Level uint8

// The levels of support.
const (
	Unsupported Level = iota // answers what Linux finds wrong, and turns the rest down
	Empty                    // answers as Linux does where there are no programs, links and perf events
	Full
)

// String is the level in the status table.
func (l Level) String() string { return [...]string{"no", "empty", "yes"}[l] }

// Command is an entry of the table of commands. (*call).run has their code.
type Command struct {
	Cmd   abi.Cmd
	Level Level
	Note  string // what a reader of the status table should know, or ""

	decode func(Fields) Args // nil where there are no Args
	end    int               // of the last declared field
	last   int               // end of the last one that the kernel knows: what lies behind it must be zero
}

// Commands lists every command: those of Linux 6.18 by number, then those that no kernel has.
func Commands() []Command { return append([]Command(nil), table[:]...) }

// commandTable is the commands of Linux by number, then those that no kernel has.
type commandTable [abi.NumLinuxCmds + 3]Command

// command finds a number's entry.
func (t *commandTable) command(cmd abi.Cmd) (*Command, bool) {
	if cmd >= abi.MapDump && cmd <= abi.MapDumpAndDelete {
		return &t[abi.NumLinuxCmds+cmd-abi.MapDump], true
	}
	if cmd >= abi.NumLinuxCmds {
		return nil, false
	}
	return &t[cmd], t[cmd].last != unknown
}

// unknown is the last of a command that a kernel does not have.
const unknown = -1

// commandsOf is the table of a kernel: with the profile's ends, without what it does not know.
func commandsOf(p *profile.Profile) *commandTable {
	if len(p.LacksCommand) == 0 && len(p.Ends) == 0 {
		return &table
	}
	own := table
	for cmd, end := range p.Ends {
		own[cmd].last = end
	}
	for cmd := range p.LacksCommand {
		own[cmd].last = unknown
	}
	return &own
}

func full[T Args, P decoder[T]](note string) Command { return known[T, P](Full, note) }

// fullTo is full of a command that is not about maps.
func fullTo[T Args, P decoder[T]](end int, note string) Command {
	command := full[T, P](note)
	command.end, command.last = end, end
	return command
}

func known[T Args, P decoder[T]](level Level, note string) Command {
	var args T
	end := attrEnd(args.Cmd())
	return Command{Cmd: args.Cmd(), Level: level, Note: note, decode: decoded[T, P], end: end, last: end}
}

// attrEnd is abi.AttrEnd; an attr may be used to its end where a command declares no last field.
func attrEnd(cmd abi.Cmd) int {
	if end, ok := abi.AttrEnd(cmd); ok {
		return end
	}
	return abi.AttrSize
}

// empty is a command that is not about maps. end was measured: LinkGetFDByID and the like end before fields
// that others of the kind have, and IterCreate's flags must be zero.
func empty(cmd abi.Cmd, end int, note string) Command {
	return Command{Cmd: cmd, Level: Empty, Note: note, end: end, last: end}
}

// table is indexed by the numbers of Linux; those from MapDump on follow them.
var table = commandTable{
	full[MapCreate]("without tokens and device offload"),
	full[MapLookupElem](""),
	full[MapUpdateElem](""),
	full[MapDeleteElem](""),
	full[MapGetNextKey](""),
	fullTo[ProgLoad](168, "never run; what only the verifier finds passes"),
	full[ObjPin]("maps, programs and links"),
	full[ObjGet]("maps, programs and links"),
	fullTo[ProgAttach](32, "the program never runs; neither to netkit nor to LIRC devices"),
	fullTo[ProgDetach](32, ""),
	fullTo[ProgTestRun](76, "by what a test has stand for the program; else refused with ENOTSUPP"),
	fullTo[ProgGetNextID](8, ""),
	full[MapGetNextID](""),
	fullTo[ProgGetFDByID](4, ""),
	full[MapGetFDByID](""),
	full[ObjGetInfoByFD]("maps, programs, links and BTF"),
	fullTo[ProgQuery](abi.AttrSize, ""), // it looks behind its last field itself
	fullTo[RawTracepointOpen](24, ""),
	fullTo[BTFLoad](40, "without tokens"),
	fullTo[BTFGetFDByID](16, ""),
	fullTo[TaskFDQuery](48, ""),
	full[MapLookupAndDeleteElem](""),
	full[MapFreeze](""),
	fullTo[BTFGetNextID](8, ""),
	full[MapLookupBatch](""),
	full[MapLookupAndDeleteBatch](""),
	full[MapUpdateBatch](""),
	full[MapDeleteBatch](""),
	fullTo[LinkCreate](abi.LinkCreateEnd, "not to netkit"),
	fullTo[LinkUpdate](16, ""),
	fullTo[LinkGetFDByID](4, ""),
	fullTo[LinkGetNextID](8, ""),
	empty(abi.EnableStats, 4, "nothing runs"),
	fullTo[IterCreate](8, "there is nothing to read in it: the program never runs"),
	fullTo[LinkDetach](4, ""),
	fullTo[ProgBindMap](12, ""),
	empty(abi.TokenCreate, 8, "EOPNOTSUPP, as outside user namespaces"),
	empty(abi.ProgStreamReadByFD, 20, "programs that never run print nothing"),
	full[MapDump]("RFC v3 of 3 July 2019; no kernel has it"),
	full[MapDumpJuly]("the version of 24 July 2019, and BPF_F_DUMP_BUCKET; no kernel has it"),
	full[MapDumpAndDelete]("asked for in review in 2019; no kernel has it"),
}
