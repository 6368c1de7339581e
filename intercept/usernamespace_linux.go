package intercept

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// userNamespace lets attr start a process in a user namespace of its own, where the caller's ids, or root, stand for
// the caller's. One id each is what everybody may map; with it come no other ids, and no setgroups(2).
func userNamespace(attr *syscall.SysProcAttr, asRoot bool) {
	attr.Cloneflags |= unix.CLONE_NEWUSER
	uid, gid := os.Geteuid(), os.Getegid()
	inner := syscall.SysProcIDMap{ContainerID: uid, HostID: uid, Size: 1}
	innerGroup := syscall.SysProcIDMap{ContainerID: gid, HostID: gid, Size: 1}
	if asRoot {
		inner.ContainerID, innerGroup.ContainerID = 0, 0 // and root keeps its capabilities through execve
	} else {
		attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN} // for the mount
	}
	attr.UidMappings, attr.GidMappings = []syscall.SysProcIDMap{inner}, []syscall.SysProcIDMap{innerGroup}
}

// exhausted names the limits of namespaces that forbid any here, or else those that may be used up: the kernel does not tell.
func exhausted() string {
	var none []string
	for _, limit := range namespaceLimits {
		if n, ok := fileNumber("/proc/sys/user/" + limit); ok && n == 0 {
			none = append(none, "user."+limit)
		}
	}
	if len(none) == 0 {
		return "user." + strings.Join(namespaceLimits, " or user.")
	}
	return strings.Join(none, " and ")
}

var namespaceLimits = []string{"max_user_namespaces", "max_mnt_namespaces"}

// refusedNamespace says why no user namespace could be made, as far as the errors of clone(2) and mount(2) tell.
func refusedNamespace(err error) error {
	var reported *shimError
	switch {
	case errors.As(err, &reported) && reported.kind == reportMount:
		return fmt.Errorf("this host gives no rights in user namespaces (sysctl "+
			"kernel.apparmor_restrict_unprivileged_userns): %w", err)
	case errors.Is(err, unix.ENOSPC), errors.Is(err, unix.EUSERS):
		return fmt.Errorf("this host allows no more namespaces (sysctl %s)", exhausted())
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return fmt.Errorf("this host refuses user namespaces (sysctl kernel.unprivileged_userns_clone, AppArmor, or a "+
			"container's seccomp profile): %w", err)
	}
	return err
}
