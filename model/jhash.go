package model

import (
	"encoding/binary"
	"math/bits"
)

// jhash is lookup3 of Bob Jenkins (public domain, 2006) with initial value seed. Linux calls the word version for key
// sizes that are multiples of 4 and the byte version otherwise; on a little-endian machine both agree.
func jhash(key []byte, seed uint32) uint32 {
	start := 0xdeadbeef + uint32(len(key)) + seed
	s := [3]uint32{start, start, start}
	for len(key) > 12 {
		s = mix(absorb(s, key[:12]))
		key = key[12:]
	}
	var tail [12]byte
	copy(tail[:], key)
	return final(absorb(s, tail[:]))
}

// absorb adds twelve bytes as three words.
func absorb(s [3]uint32, b []byte) [3]uint32 {
	for i := range s {
		s[i] += binary.LittleEndian.Uint32(b[4*i:])
	}
	return s
}

// mix is lookup3's mix(): each word in turn loses, gains and turns.
func mix(s [3]uint32) [3]uint32 {
	for i, turn := range []int{4, 6, 8, 16, 19, 4} {
		a, b, c := &s[i%3], &s[(i+1)%3], &s[(i+2)%3]
		*a -= *c
		*a ^= bits.RotateLeft32(*c, turn)
		*c += *b
	}
	return s
}

// final is lookup3's final().
func final(s [3]uint32) uint32 {
	for i, turn := range []int{14, 11, 25, 16, 4, 14, 24} {
		to, from := &s[(i+2)%3], &s[(i+1)%3]
		*to ^= *from
		*to -= bits.RotateLeft32(*from, turn)
	}
	return s[2]
}
