package model

import "math/bits"

// jhash is lookup3 of Bob Jenkins (public domain, 2006) with initial value seed. Linux calls the word version for key
// sizes that are multiples of 4 and the byte version otherwise; on a little-endian machine both agree.
func jhash(key []byte, seed uint32) uint32 {
	start := 0xdeadbeef + uint32(len(key)) + seed
	a, b, c := start, start, start
	for len(key) > 12 {
		a, b, c = mix(a+u32(key), b+u32(key[4:]), c+u32(key[8:]))
		key = key[12:]
	}
	var tail [12]byte
	copy(tail[:], key)
	return final(a+u32(tail[:]), b+u32(tail[4:]), c+u32(tail[8:]))
}

// mix is lookup3's mix(): each word in turn loses, gains and turns.
func mix(a, b, c uint32) (uint32, uint32, uint32) {
	a, c = (a-c)^bits.RotateLeft32(c, 4), c+b
	b, a = (b-a)^bits.RotateLeft32(a, 6), a+c
	c, b = (c-b)^bits.RotateLeft32(b, 8), b+a
	a, c = (a-c)^bits.RotateLeft32(c, 16), c+b
	b, a = (b-a)^bits.RotateLeft32(a, 19), a+c
	c, b = (c-b)^bits.RotateLeft32(b, 4), b+a
	return a, b, c
}

// final is lookup3's final().
func final(a, b, c uint32) uint32 {
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	return (c ^ b) - bits.RotateLeft32(b, 24)
}
