// Package intercept answers the real bpf(2) calls of a command and its children with a simulated kernel (Linux only).
//
// Run starts the command under a seccomp filter that sends bpf(2), and the few calls by which clients recognise BPF
// objects (fdinfo, the link text of an fd, statfs), to this process (seccomp_unotify(2)). The filter is no security
// boundary: a call that is not ours is let through after its arguments were read, and the program may change them in
// between. It needs no root and no capability. What a map is stays in bpfsys; this package owns the target's memory,
// its fds (one memfd stands for each map) and the bpffs it sees.
package intercept
