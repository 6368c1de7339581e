package bpfsys

import (
	"github.com/bpfsim/bpfsim/abi"
	"github.com/bpfsim/bpfsim/maps"
)

// elements is a map with what its type can do, found out once: asking an interface for another one takes as long as
// looking up an element. What the type lacks is nil.
type elements struct {
	maps      maps.Map
	keySize   int // bytes
	valueSize int // bytes, as user space sees a value

	lookuper      maps.Lookuper
	updater       maps.Updater
	inPlace       maps.InPlaceUpdater
	deleter       maps.Deleter
	walker        maps.NextKeyer
	lookupDeleter maps.LookupAndDeleter
	sequence      maps.Sequence
	filter        maps.Filter
	outer         maps.Outer
	holder        maps.FDHolder
	waited        maps.Waited
	referring     maps.Referring
	storage       maps.Storage
	structOps     maps.StructOps
	slots         bool // keys are there whether or not they have a value
	many          bool // it has commands on many elements
	buckets       maps.Buckets
	drainer       maps.Drainer
	first         maps.FirstDrainer
	sweeper       *maps.Sweeper
}

// elementsOf asks m.
func elementsOf(m maps.Map) elements {
	e := elements{maps: m, keySize: int(m.Spec().KeySize), valueSize: m.ValueBytes()}
	e.lookuper, _ = m.(maps.Lookuper)
	e.updater, _ = m.(maps.Updater)
	e.inPlace, _ = m.(maps.InPlaceUpdater)
	e.deleter, _ = m.(maps.Deleter)
	e.walker, _ = m.(maps.NextKeyer)
	e.lookupDeleter, _ = m.(maps.LookupAndDeleter)
	e.sequence, _ = m.(maps.Sequence)
	e.filter, _ = m.(maps.Filter)
	e.outer, _ = m.(maps.Outer)
	e.holder, _ = m.(maps.FDHolder)
	e.waited, _ = m.(maps.Waited)
	e.referring, _ = m.(maps.Referring)
	e.storage, _ = m.(maps.Storage)
	e.structOps, _ = m.(maps.StructOps)
	e.slots = m.Spec().Type == abi.ArrayOfMaps
	_, single := m.(maps.OneByOne)
	e.many = e.lookuper != nil && !single
	e.buckets, _ = m.(maps.Buckets)
	e.drainer, _ = m.(maps.Drainer)
	e.first, _ = m.(maps.FirstDrainer)
	if swept, ok := m.(maps.Swept); ok {
		e.sweeper = swept.Sweeper()
	}
	return e
}
