package bpfsys

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/btf"
)

// CommandTable is the list of commands in Markdown.
func CommandTable() string {
	var b strings.Builder
	b.WriteString("| number | command | supported | note |\n|---|---|---|---|\n")
	for _, command := range table {
		fmt.Fprintf(&b, "| %d | %s | %s | %s |\n", uint32(command.Cmd), command.Cmd, command.Level, command.Note)
	}
	return b.String()
}

// column is a command that map types answer differently.
type column struct {
	name string
	cmd  abi.Cmd
}

var columns = []column{
	{"lookup", abi.MapLookupElem}, {"update", abi.MapUpdateElem}, {"delete", abi.MapDeleteElem}, {"next key", abi.MapGetNextKey},
	{"lookup and delete", abi.MapLookupAndDeleteElem}, {"lookup batch", abi.MapLookupBatch},
	{"lookup and delete batch", abi.MapLookupAndDeleteBatch}, {"update batch", abi.MapUpdateBatch},
	{"delete batch", abi.MapDeleteBatch}, {"freeze", abi.MapFreeze}, {"dumps", abi.MapDump},
	{"dump and delete", abi.MapDumpAndDelete},
}

// MapTypeTable is the list of map types in Markdown, and how each answers the commands. A cell comes from a trial on a map of that type,
// not from a list: "yes", or the errno with which the type refuses the command.
func MapTypeTable() string {
	var b strings.Builder
	b.WriteString("| number | map type | supported |")
	for _, c := range columns {
		fmt.Fprintf(&b, " %s |", c.name)
	}
	b.WriteString("\n|---|---|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, t := range MapTypes() {
		fmt.Fprintf(&b, "| %d | %s | %s |", uint32(t), t, typeLevel(t))
		for _, c := range columns {
			fmt.Fprintf(&b, " %s |", cell(c.cmd, t))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// typeLevel is Empty for the types whose elements would come of something that is not simulated.
func typeLevel(t abi.MapType) Level {
	return Full
}

func cell(cmd abi.Cmd, t abi.MapType) string {
	switch errno := newTrial(t).run(cmd); errno {
	case abi.OK, abi.ENOENT:
		return "yes"
	default:
		return errno.String()
	}
}

// trial is a kernel with one map that holds an element and has room for another, and user memory for calls on it.
type trial struct {
	*Caller
	create MapCreate
	fd     int32
	key    uint64 // address; 0 for types without keys
	room   uint64 // address of room for a key and a value
	size   uint64 // address of the size of room
	path   uint64 // address of the name of the pin
}

func newTrial(t abi.MapType) *trial {
	c := NewCaller(NewKernel(Options{BTF: trialTypes}))
	trial := &trial{
		Caller: c,
		create: MapCreate{Type: t, ValueSize: 4, MaxEntries: 2},
		room:   c.Arena.Alloc(16),
		size:   c.Arena.Put([]byte{16, 0, 0, 0}),
		path:   c.Arena.Put([]byte(BPFFS + "/pin\x00")),
	}
	switch t {
	case abi.Queue, abi.Stack, abi.BloomFilter:
	case abi.RingBuf, abi.UserRingBuf:
		trial.create.ValueSize, trial.create.MaxEntries = 0, 4096
	case abi.ArrayOfMaps, abi.HashOfMaps:
		inner := MapCreate{Type: abi.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1}
		trial.create.InnerMapFD, _ = c.Do(inner)
		trial.create.KeySize, trial.key = 4, c.Arena.Alloc(4)
		binary.NativeEndian.PutUint32(c.Arena.Bytes(trial.room, 4), uint32(trial.create.InnerMapFD))
	case abi.SockMap, abi.SockHash, abi.ReusePortSockArray, abi.StackTrace:
		trial.create.ValueSize = 8
		trial.create.KeySize, trial.key = 4, c.Arena.Alloc(4)
	case abi.CgroupStorage, abi.PerCPUCgroupStorage:
		trial.create.MaxEntries = 0
		trial.create.KeySize, trial.key = 16, c.Arena.Alloc(16)
	case abi.Arena:
		trial.create.ValueSize, trial.create.Flags = 0, abi.FlagMmapable
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage:
		trial.create.MaxEntries, trial.create.Flags = 0, abi.FlagNoPrealloc
		trial.create.BTFFD = trial.integers()
		trial.create.BTFKeyType, trial.create.BTFValueType = 1, 1
		trial.create.KeySize, trial.key = 4, c.Arena.Alloc(4)
	case abi.StructOps:
		trial.room = c.Arena.Alloc(trialOpsSize)
		trial.create.ValueSize, trial.create.MaxEntries, trial.create.BTFVmlinuxValue = trialOpsSize, 1, trialOpsType
		trial.create.BTFFD = trial.integers()
		trial.create.KeySize, trial.key = 4, c.Arena.Alloc(4)
	case abi.LPMTrie:
		trial.create.Flags = abi.FlagNoPrealloc
		trial.create.KeySize, trial.key = 8, c.Arena.Alloc(8)
	default:
		trial.create.KeySize, trial.key = 4, c.Arena.Alloc(4)
	}
	trial.fd, _ = c.Do(trial.create)
	trial.refer()
	if t != abi.StructOps { // which takes a value once
		trial.run(abi.MapUpdateElem)
	}
	return trial
}

// refer makes the value, or the key, name something that the type takes, where it has to name anything.
func (t *trial) refer() {
	files := t.Process.Files.(*FDTable)
	fd, at := int32(loopback), t.room // of DEVMAP a device
	switch t.create.Type {
	case abi.SKStorage, abi.InodeStorage, abi.TaskStorage, abi.CgrpStorage:
		at = t.key
	}
	switch t.create.Type {
	case abi.SockMap, abi.SockHash, abi.ReusePortSockArray, abi.SKStorage:
		fd, _ = files.OpenSocket(Socket{Family: familyInet, Type: datagram, Protocol: protocolUDP, State: Bound, Reuse: true})
	case abi.XSKMap:
		fd, _ = files.OpenSocket(Socket{Family: familyXDP})
	case abi.ProgArray:
		fd = t.constant()
	case abi.PerfEventArray:
		fd = t.output()
	case abi.CgroupArray, abi.CgrpStorage:
		fd, _ = files.OpenCgroup(1)
	case abi.TaskStorage:
		fd, _ = files.OpenTask(NewTask())
	case abi.DevMap, abi.DevMapHash, abi.InodeStorage:
	default:
		return
	}
	binary.NativeEndian.PutUint32(t.Arena.Bytes(at, 4), uint32(fd))
}

// The type of a STRUCT_OPS map's value among trialTypes, and its size in bytes.
const (
	trialOpsType = 6
	trialOpsSize = 16
)

// trialTypes are a kernel's, with a struct of one function that programs can be.
func trialTypes() *btf.BTF {
	var b btf.Builder
	word := b.Int("int", 4)
	common := b.Struct("common", 8, btf.Member{Name: "refcnt", Type: word}, btf.Member{Name: "state", Type: word, Offset: 4})
	function := b.Add(btf.Ptr, "", 0, b.Add(btf.FuncProto, "", 0, word))
	ops := b.Struct("ops", 8, btf.Member{Name: "function", Type: function})
	b.Struct(opsWrapper+"ops", trialOpsSize, btf.Member{Name: "common", Type: common}, btf.Member{Name: "data", Type: ops, Offset: 8})
	log, _ := btf.NewLog(0, false, 0)
	types, _ := btf.Load(b.Bytes(), log)
	return types
}

// integers is BTF with an integer of 4 bytes.
func (t *trial) integers() int32 {
	var b btf.Builder
	b.Int("int", 4)
	fd, _ := t.Do(BTFLoad{Data: t.Arena.Put(b.Bytes()), Size: uint32(len(b.Bytes()))})
	return fd
}

// output opens a perf event for the output of programs.
func (t *trial) output() int32 {
	attr := make([]byte, 64)
	binary.NativeEndian.PutUint32(attr, uint32(abi.PerfSoftware))
	binary.NativeEndian.PutUint32(attr[4:], uint32(len(attr)))
	binary.NativeEndian.PutUint64(attr[8:], abi.PerfBPFOutput)
	fd, _, _ := t.Kernel.PerfEventOpen(t.Task, t.Process, PerfEventOpen{Attr: t.Arena.Put(attr), PID: -1, Group: -1})
	return fd
}

// constant loads a program.
func (t *trial) constant() int32 {
	text := append([]byte{0xb7, 8: 0x95, 15: 0}, "GPL\x00"...)
	at := t.Arena.Put(text)
	fd, _ := t.Do(ProgLoad{Type: abi.ProgSocketFilter, InsnCnt: 2, Insns: at, License: at + 16})
	return fd
}

// run makes a call of cmd that nothing but the map's type can refuse.
func (t *trial) run(cmd abi.Cmd) abi.Errno {
	if cmd == abi.ObjGet {
		t.run(abi.ObjPin)
	}
	_, errno := t.Do(t.args(cmd))
	return errno
}

func (t *trial) args(cmd abi.Cmd) Args {
	elem := MapLookupElem{FD: t.fd, Key: t.key, Value: t.room}
	dump := MapDumpJuly{FD: t.fd, Buf: t.room, BufLen: t.size}
	elems := MapLookupBatch{FD: t.fd, Out: t.room + 8, Keys: t.key, Values: t.room, Count: 1}
	return map[abi.Cmd]Args{
		abi.MapCreate:               t.create,
		abi.MapLookupElem:           elem,
		abi.MapUpdateElem:           MapUpdateElem(elem),
		abi.MapDeleteElem:           MapDeleteElem{FD: t.fd, Key: t.key},
		abi.MapGetNextKey:           MapGetNextKey{FD: t.fd, Key: t.key, NextKey: t.room},
		abi.MapLookupAndDeleteElem:  MapLookupAndDeleteElem(elem),
		abi.MapFreeze:               MapFreeze{FD: t.fd},
		abi.MapLookupBatch:          elems,
		abi.MapLookupAndDeleteBatch: MapLookupAndDeleteBatch(elems),
		abi.MapUpdateBatch:          MapUpdateBatch(elems),
		abi.MapDeleteBatch:          MapDeleteBatch(elems),
		abi.ObjGetInfoByFD:          ObjGetInfoByFD{FD: t.fd},
		abi.MapGetNextID:            MapGetNextID{},
		abi.MapGetFDByID:            MapGetFDByID{ID: 1},
		abi.ObjPin:                  ObjPin{FD: t.fd, Pathname: t.path},
		abi.ObjGet:                  ObjGet{Pathname: t.path},
		abi.MapDump:                 MapDump{FD: t.fd, Buf: t.room, BufLen: t.size},
		abi.MapDumpJuly:             dump,
		abi.MapDumpAndDelete:        MapDumpAndDelete(dump),
	}[cmd]
}
