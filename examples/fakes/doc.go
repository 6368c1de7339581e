// Package fakes has the tests that projects write against a hand-made map, with what such fakes say and what Linux says. The code
// under test is an ordinary user of cilium/ebpf; the tests run with plain `go test`, without root.
package fakes
