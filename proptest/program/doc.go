// Package program is a program of bpf(2) calls as data, with a text form, so that a failure can be read, pasted into
// testdata and run again; and [Arena], the user memory that it runs on, at the same addresses on every kernel. It does not
// know what runs it.
//
// [Parse] reads a [Program] from its text; its steps are calls ([Call]) and what else a process does with fds and paths ([Close], [Dup], [Mkdir], ...).
package program
