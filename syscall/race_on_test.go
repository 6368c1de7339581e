//go:build race

package bpfsys

const raceEnabled = true
