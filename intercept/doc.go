// Package intercept answers the real bpf(2) calls of a command and its children with a simulated kernel (Linux only).
//
// Run starts the command under a seccomp filter that sends bpf(2), and the few calls by which clients recognise BPF
// objects (fdinfo, the link text of an fd, statfs, the table of mounts), to this process (seccomp_unotify(2)). It needs
// no root and no capability, but Linux 5.19. What a map is stays in bpfsys; this package owns the target's memory, its
// fds (one memfd stands for each map) and the bpffs it sees.
//
// What it is not:
//   - A security boundary: a call that is not ours is let through after its arguments were read, and the program may
//     change them in between.
//   - A second user: paths of pins are opened with this process's rights, which differ from the command's only when
//     root runs it and it becomes somebody else.
//   - A bpffs in every way: it is a tmpfs or a plain directory, where programs can also create files that are no pins.
//   - A mapping for everybody: shared mappings of a mappable array's fd are its elements, private ones are not refused.
//
// [Run] does all of it for a command; [NewOwn] answers calls that are made in this process, for package bpftest.
package intercept
