package abi

import "strconv"

// MapType is the map_type field of MapCreate (enum bpf_map_type).
type MapType uint32

// Map types of Linux 6.18. NumMapTypes is the first number it does not know.
const (
	Unspec              MapType = 0
	Hash                MapType = 1
	Array               MapType = 2
	ProgArray           MapType = 3
	PerfEventArray      MapType = 4
	PerCPUHash          MapType = 5
	PerCPUArray         MapType = 6
	StackTrace          MapType = 7
	CgroupArray         MapType = 8
	LRUHash             MapType = 9
	LRUPerCPUHash       MapType = 10
	LPMTrie             MapType = 11
	ArrayOfMaps         MapType = 12
	HashOfMaps          MapType = 13
	DevMap              MapType = 14
	SockMap             MapType = 15
	CPUMap              MapType = 16
	XSKMap              MapType = 17
	SockHash            MapType = 18
	CgroupStorage       MapType = 19
	ReusePortSockArray  MapType = 20
	PerCPUCgroupStorage MapType = 21
	Queue               MapType = 22
	Stack               MapType = 23
	SKStorage           MapType = 24
	DevMapHash          MapType = 25
	StructOps           MapType = 26
	RingBuf             MapType = 27
	InodeStorage        MapType = 28
	TaskStorage         MapType = 29
	BloomFilter         MapType = 30
	UserRingBuf         MapType = 31
	CgrpStorage         MapType = 32
	Arena               MapType = 33
	NumMapTypes         MapType = 34
)

var mapTypeNames = [NumMapTypes]string{
	"UNSPEC", "HASH", "ARRAY", "PROG_ARRAY", "PERF_EVENT_ARRAY", "PERCPU_HASH", "PERCPU_ARRAY", "STACK_TRACE",
	"CGROUP_ARRAY", "LRU_HASH", "LRU_PERCPU_HASH", "LPM_TRIE", "ARRAY_OF_MAPS", "HASH_OF_MAPS", "DEVMAP", "SOCKMAP",
	"CPUMAP", "XSKMAP", "SOCKHASH", "CGROUP_STORAGE", "REUSEPORT_SOCKARRAY", "PERCPU_CGROUP_STORAGE", "QUEUE",
	"STACK", "SK_STORAGE", "DEVMAP_HASH", "STRUCT_OPS", "RINGBUF", "INODE_STORAGE", "TASK_STORAGE", "BLOOM_FILTER",
	"USER_RINGBUF", "CGRP_STORAGE", "ARENA",
}

// String is the kernel's name without BPF_MAP_TYPE_, or the number where there is none.
func (t MapType) String() string {
	if t < NumMapTypes {
		return mapTypeNames[t]
	}
	return strconv.FormatUint(uint64(t), 10)
}
