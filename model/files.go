package model

import "slices"

// file is what an fd refers to: a map, or nothing of bpf's when serial is 0.
type file struct {
	fd     int32
	serial int
	access access
	thing  *thing // nil for a file of which nothing is known
}

// files are the open fds, in their order. They are replaced, never changed.
type files []file

// at is where fd is, or would be. Mostly it is among the last ones.
func (f files) at(fd int32) (int, bool) {
	at := len(f)
	for at > 0 && f[at-1].fd >= fd {
		at--
	}
	return at, at < len(f) && f[at].fd == fd
}

func (f files) get(fd int32) (file, bool) {
	at, open := f.at(fd)
	if !open {
		return file{}, false
	}
	return f[at], true
}

func (f files) with(fd int32, opened file) files {
	opened.fd = fd
	at, open := f.at(fd)
	more := append(make(files, 0, len(f)+1), f[:at]...)
	if open {
		return append(append(more, opened), f[at+1:]...)
	}
	return append(append(more, opened), f[at:]...)
}

func (f files) without(fd int32) files {
	at, open := f.at(fd)
	if !open {
		return f
	}
	return slices.Delete(slices.Clone(f), at, at+1)
}
