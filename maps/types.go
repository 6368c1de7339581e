package maps

import "github.com/bpfsim/bpfsim/abi"

// mapType is what is known of a map type before there is a map. What a map can do, it says itself, by the interfaces
// that it implements.
type mapType struct {
	// check is the type's part of Check, nil where the kernel looks at the shape only when it allocates.
	check func(spec Spec, sysAdmin bool) abi.Errno
	// make is the type's part of New.
	make func(spec Spec) (Map, abi.Errno)
}

// types are the map types by number.
var types = [abi.NumMapTypes]mapType{
	abi.Hash:                {checkHash, hashed(emptyHashBytes, newHash)},
	abi.Array:               {checkArray, sized(arrayBytes, newArray)},
	abi.PerCPUHash:          {checkHash, hashed(emptyPerCPUHashBytes, newPerCPUHash)},
	abi.PerCPUArray:         {checkPerCPUArray, sized(perCPUArrayBytes, newPerCPUArray)},
	abi.LRUHash:             {checkHash, hashed(lruBytes, newLRU)},
	abi.LRUPerCPUHash:       {checkHash, hashed(perCPULRUBytes, newPerCPULRU)},
	abi.Queue:               {checkQueue, sized(queueBytes, newQueue)},
	abi.Stack:               {checkQueue, sized(queueBytes, newQueue)},
	abi.LPMTrie:             {nil, allocTrie},
	abi.ArrayOfMaps:         {checkFDArray, sized(arrayBytes, newArrayOfMaps)},
	abi.HashOfMaps:          {checkHashOfMaps, hashed(emptyHashBytes, newHashOfMaps)},
	abi.BloomFilter:         {checkFilter, allocFilter},
	abi.CPUMap:              {nil, sized(cpuMapBytes, newCPUMap)},
	abi.PerfEventArray:      {checkFDArray, sized(arrayBytes, newFDArray)},
	abi.StackTrace:          {nil, sized(stackTraceBytes, newStackTrace)},
	abi.CgroupArray:         {checkFDArray, sized(arrayBytes, newCgroupArray)},
	abi.DevMap:              {checkDevMap, sized(devMapBytes, newDevMap)},
	abi.DevMapHash:          {checkDevMap, sized(devMapHashBytes, newDevMapHash)},
	abi.SockMap:             {nil, sized(sockMapBytes, newSockMap)},
	abi.SockHash:            {nil, sized(sockHashBytes, newSockHash)},
	abi.XSKMap:              {nil, sized(xskMapBytes, newXSKMap)},
	abi.RingBuf:             {nil, sized(ringBytes, newRingBuf)},
	abi.UserRingBuf:         {nil, sized(ringBytes, newUserRing)},
	abi.SKStorage:           {checkStorage, sized(storageBytes, newStorage)},
	abi.InodeStorage:        {checkStorage, sized(storageBytes, newStorage)},
	abi.TaskStorage:         {checkStorage, sized(storageBytes, newStorage)},
	abi.CgrpStorage:         {checkStorage, sized(storageBytes, newStorage)},
	abi.CgroupStorage:       {nil, sized(cgroupStorageBytes, newCgroupStorage)},
	abi.PerCPUCgroupStorage: {nil, sized(cgroupStorageBytes, newCgroupStorage)},
	abi.Arena:               {nil, sized(noBytes, newArena)},
	abi.ProgArray:           {checkFDArray, sized(arrayBytes, newProgArray)},
	abi.StructOps:           {checkStructOps, sized(structOpsBytes, newStructOps)},
	abi.ReusePortSockArray:  {checkSockArray, sized(sockArrayBytes, newSockArray)},
}
