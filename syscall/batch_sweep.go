package bpfsys

import "github.com/bpfsim/bpfsim/maps"

// apart reports whether the caller's arrays do not overlap: then nobody can tell in which order they are written.
func (b *batch) apart() bool {
	keys, values := at(b.Keys, b.Count, b.keySize), at(b.Values, b.Count, b.valueSize)
	return b.Keys <= keys && b.Values <= values && (keys <= b.Values || values <= b.Keys)
}

// sweepBuckets copies whole buckets, many in a step, straight into the caller's arrays as far as these can be written
// directly. It returns the number of elements copied and the bucket to go on with.
func (b *batch) sweepBuckets(bucket uint32, remove bool) (done, next uint32) {
	s := maps.Sweep{Bucket: bucket, Whole: true, Remove: remove}
	for done < b.Count {
		left := int(b.Count - done)
		s.Keys = b.arena.Window(at(b.Keys, done, b.keySize), left*b.keySize)
		s.Values = b.arena.Window(at(b.Values, done, b.valueSize), left*b.valueSize)
		if s.Keys == nil || s.Values == nil {
			break
		}
		b.m.sweeper.Sweep(b.task, &s)
		if s.Count == 0 {
			break
		}
		done += uint32(s.Count)
	}
	return done, s.Bucket
}

// sweepElements copies elements behind a key, or from the first on, many in a step. It returns their number and the last
// key, in the caller's memory.
func (b *batch) sweepElements(after []byte) (done uint32, last []byte) {
	s := maps.Sweep{After: after}
	for last = after; done < b.Count && !s.End; s.After = last {
		left := int(b.Count - done)
		s.Keys = b.arena.Window(at(b.Keys, done, b.keySize), left*b.keySize)
		s.Values = b.arena.Window(at(b.Values, done, b.valueSize), left*b.valueSize)
		if s.Keys == nil || s.Values == nil {
			break
		}
		if b.m.sweeper.Sweep(b.task, &s); s.Count == 0 {
			break
		}
		done, last = done+uint32(s.Count), s.Keys[(s.Count-1)*b.keySize:][:b.keySize]
	}
	return done, last
}
