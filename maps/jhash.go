package maps

import (
	"encoding/binary"
	"math/bits"
)

// jhash is Bob Jenkins' lookup3 (burtleburtle.net/bob/c/lookup3.c, public domain) as Linux uses it for hash maps: the
// word version when the key is a whole number of 32-bit words, the byte version otherwise. Both start their three
// registers at a constant plus the length in bytes plus seed, both load little-endian on the machines Linux runs
// BPF on, and they differ in nothing else but how a tail is read.
func jhash(key []byte, seed uint32) uint32 {
	a := 0xdeadbeef + uint32(len(key)) + seed
	switch len(key) {
	case 4:
		return jfinal(a+binary.LittleEndian.Uint32(key), a, a)
	case 8:
		return jfinal(a+binary.LittleEndian.Uint32(key), a+binary.LittleEndian.Uint32(key[4:]), a)
	}
	return jhashAny(key, a)
}

// jhashAny is jhash of a key of any length, from start.
func jhashAny(key []byte, start uint32) uint32 {
	a, b, c := start, start, start
	for len(key) > 12 {
		a += binary.LittleEndian.Uint32(key)
		b += binary.LittleEndian.Uint32(key[4:])
		c += binary.LittleEndian.Uint32(key[8:])
		a, b, c = jmix(a, b, c)
		key = key[12:]
	}
	// A tail shorter than 12 bytes is padded with zeros in both versions.
	switch len(key) {
	case 0:
		return c
	case 4:
		a += binary.LittleEndian.Uint32(key)
	case 8:
		a += binary.LittleEndian.Uint32(key)
		b += binary.LittleEndian.Uint32(key[4:])
	default:
		var tail [12]byte
		copy(tail[:], key)
		a += binary.LittleEndian.Uint32(tail[:])
		b += binary.LittleEndian.Uint32(tail[4:])
		c += binary.LittleEndian.Uint32(tail[8:])
	}
	return jfinal(a, b, c)
}

// jmix mixes three words reversibly (lookup3's mix).
func jmix(a, b, c uint32) (uint32, uint32, uint32) {
	a = (a - c) ^ bits.RotateLeft32(c, 4)
	c += b
	b = (b - a) ^ bits.RotateLeft32(a, 6)
	a += c
	c = (c - b) ^ bits.RotateLeft32(b, 8)
	b += a
	a = (a - c) ^ bits.RotateLeft32(c, 16)
	c += b
	b = (b - a) ^ bits.RotateLeft32(a, 19)
	a += c
	return a, b + a, (c - b) ^ bits.RotateLeft32(b, 4)
}

// jfinal mixes three words into the last one (lookup3's final).
func jfinal(a, b, c uint32) uint32 {
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	c = (c ^ b) - bits.RotateLeft32(b, 24)
	return c
}
