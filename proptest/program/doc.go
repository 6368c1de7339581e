// Package program is a program of bpf(2) calls as data, with a text form, so that a failure can be read, pasted into
// testdata and run again; and [Arena], the user memory that it runs on, at the same addresses on every kernel. It does not
// know what runs it.
package program
