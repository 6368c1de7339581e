package bpfsys

import (
	"fmt"

	"github.com/bpfsim/bpfsim/abi"
)

// run runs the command. A switch, not a table of functions: the compiler then sees that no command keeps the call,
// which so stays on the stack.
func (c *call) run(cmd abi.Cmd) (int32, abi.Errno) {
	switch cmd {
	case abi.MapCreate:
		return c.mapCreate()
	case abi.MapLookupElem:
		return c.mapLookupElem()
	case abi.MapUpdateElem:
		return c.mapUpdateElem()
	case abi.MapDeleteElem:
		return c.mapDeleteElem()
	case abi.MapGetNextKey:
		return c.mapGetNextKey()
	case abi.ProgLoad:
		return c.progLoad()
	case abi.EnableStats:
		return c.enableStats()
	case abi.ProgGetNextID:
		return 0, c.nextID(c.kernel.progs.from)
	case abi.ProgGetFDByID:
		return c.progGetFDByID()
	case abi.ObjPin:
		return c.objPin()
	case abi.ObjGet:
		return c.objGet()
	case abi.MapGetNextID:
		return 0, c.nextID(c.kernel.objects.from)
	case abi.MapGetFDByID:
		return c.mapGetFDByID()
	case abi.ObjGetInfoByFD:
		return c.objGetInfoByFD()
	case abi.MapLookupAndDeleteElem:
		return c.mapLookupAndDeleteElem()
	case abi.MapFreeze:
		return c.mapFreeze()
	case abi.MapLookupBatch:
		return c.mapLookupBatch()
	case abi.MapLookupAndDeleteBatch:
		return c.mapLookupAndDeleteBatch()
	case abi.MapUpdateBatch:
		return c.mapUpdateBatch()
	case abi.MapDeleteBatch:
		return c.mapDeleteBatch()
	case abi.BTFLoad:
		return c.btfLoad()
	case abi.BTFGetFDByID:
		return c.btfGetFDByID()
	case abi.LinkCreate:
		return c.linkCreate()
	case abi.LinkGetFDByID:
		return c.linkGetFDByID()
	case abi.RawTracepointOpen:
		return c.rawTracepointOpen()
	case abi.IterCreate:
		return c.iterCreate()
	case abi.MapDump:
		return c.mapDump()
	case abi.MapDumpJuly:
		return c.mapDumpJuly()
	case abi.MapDumpAndDelete:
		return c.mapDumpAndDelete()
	}
	return 0, c.runOther(cmd)
}

// runOther runs a command that has nothing to do with maps.
func (c *call) runOther(cmd abi.Cmd) abi.Errno {
	switch cmd {
	case abi.LinkGetNextID:
		return c.nextID(c.kernel.links.from)
	case abi.BTFGetNextID:
		return c.nextID(c.kernel.btfFrom)
	case abi.ProgAttach:
		return c.progAttach()
	case abi.ProgDetach:
		return c.progDetach()
	case abi.ProgQuery:
		return c.progQuery()
	case abi.ProgTestRun:
		return c.progTestRun()
	case abi.ProgBindMap:
		return c.progBindMap()
	case abi.ProgStreamReadByFD:
		return c.streamRead()
	case abi.LinkUpdate:
		return c.linkUpdate()
	case abi.LinkDetach:
		return c.linkDetach()
	case abi.TaskFDQuery:
		return c.taskFDQuery()
	case abi.TokenCreate:
		return c.tokenCreate()
	}
	panic(fmt.Sprintf("bpfsys: %v is in the table and has no code", cmd))
}
