package model

import "github.com/bpfsim/bpfsim/abi"

// command is a command that has rules here.
type command struct {
	work func(*run) (int32, abi.Errno) // nil where there are none
	end  int                           // of its last field in attr
}

// commands are those of Linux, by number.
var commands = func() (all [abi.NumLinuxCmds]command) {
	for c := range abi.NumLinuxCmds {
		all[c] = commandFor(c)
	}
	return all
}()

// commandOf is the command with that number.
func commandOf(c abi.Cmd) command {
	if c < abi.NumLinuxCmds {
		return commands[c]
	}
	return commandFor(c)
}

func commandFor(c abi.Cmd) command {
	end, ok := ends[c]
	if !ok {
		end = abi.FieldsEnd(c)
	}
	return command{works[c], end}
}

// ends are the ends of attr where it is not used as far as its fields go (measured on 6.18).
var ends = map[abi.Cmd]int{
	abi.ProgGetFDByID: abi.IDNext, abi.LinkGetFDByID: abi.IDNext, abi.LinkCreate: linkEnd, abi.ProgQuery: abi.AttrSize, // it looks itself
}

// works is what each command does, once its attr has been read.
var works = map[abi.Cmd]func(*run) (int32, abi.Errno){
	abi.MapCreate:               (*run).create,
	abi.MapLookupElem:           plain((*run).lookup),
	abi.MapUpdateElem:           plain((*run).update),
	abi.MapDeleteElem:           plain((*run).delete),
	abi.MapGetNextKey:           plain((*run).nextKey),
	abi.MapLookupAndDeleteElem:  plain((*run).lookupAndDelete),
	abi.MapFreeze:               plain((*run).freeze),
	abi.MapLookupBatch:          plain((*run).batch),
	abi.MapLookupAndDeleteBatch: plain((*run).batch),
	abi.MapUpdateBatch:          plain((*run).batch),
	abi.MapDeleteBatch:          plain((*run).batch),
	abi.ObjGetInfoByFD:          plain((*run).info),
	abi.MapGetNextID:            plain((*run).nextID),
	abi.BTFLoad:                 (*run).loadBTF,
	abi.BTFGetNextID:            plain((*run).nextID),
	abi.BTFGetFDByID:            (*run).btfFDByID,
	abi.ProgLoad:                (*run).loadProg,
	abi.ProgGetNextID:           plain((*run).nextID),
	abi.ProgGetFDByID:           (*run).progFDByID,
	abi.ProgBindMap:             plain((*run).bindMap),
	abi.ProgAttach:              plain((*run).attachProgram),
	abi.ProgDetach:              plain((*run).detachProgram),
	abi.ProgQuery:               plain((*run).query),
	abi.LinkCreate:              (*run).createLink,
	abi.RawTracepointOpen:       (*run).openTracepoint,
	abi.IterCreate:              (*run).createIter,
	abi.LinkUpdate:              plain((*run).updateTheLink),
	abi.LinkDetach:              plain((*run).detachLink),
	abi.LinkGetNextID:           plain((*run).nextID),
	abi.LinkGetFDByID:           (*run).linkFDByID,
	abi.MapGetFDByID:            (*run).fdByID,
	abi.ObjPin:                  plain((*run).pin),
	abi.ObjGet:                  (*run).get,
	abi.PerfEventOpen:           (*run).openEvent,
	abi.PerfIoctl:               plain((*run).eventIoctl),
	abi.MapDump:                 plain((*run).dump),
	abi.MapDumpJuly:             plain((*run).dump),
	abi.MapDumpAndDelete:        plain((*run).dump),
}

// plain makes a command of one that answers 0 or an errno.
func plain(f func(*run) abi.Errno) func(*run) (int32, abi.Errno) {
	return func(x *run) (int32, abi.Errno) { return 0, f(x) }
}
