// Package semantics has what bpf(2) promises of maps, statement by statement: a command, the map types, an errno, a sentence or two,
// and a small program that shows it. The statements (rules/*.txt) are run on bpfsim, against the specification in package model and,
// where bpf(2) works, on the running kernel; docs/semantics is generated from them. It states nothing by itself: the kernel is the judge.
package semantics
