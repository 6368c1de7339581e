// Package profile has what older series of Linux answer otherwise than 6.18: one table (Rows), of which docs/kernels.md is made, and
// what it makes of a kernel (Profile), which packages maps and bpfsys ask. It knows no more than numbers: what a kernel does with them is
// theirs, and the specification in package model knows the same from other lines.
package profile
