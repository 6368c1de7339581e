// Package trace tells of calls of bpf(2): as text, one line a call, as strace(1) prints it, and as a timeline for ui.perfetto.dev (Chrome's
// JSON).
package trace
