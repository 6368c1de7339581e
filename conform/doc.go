// Package conform says how far something that claims to be the maps of bpf(2) is: a Go type with a handful of methods ([Test], for a
// project's own mock), a program behind a pipe ([Plugin]), a kernel. It runs the statements of package semantics, generated programs, and
// walks while others write, and names what is broken with the smallest program that shows it.
package conform
