package model

import "slices"

// file is an open fd.
type file struct {
	fd int32
	*description
}

// description is what fds refer to that were made of each other, as by dup(2): an open file of an object, or of nothing of bpf's when serial
// is 0. It is never changed, and each has its own address.
type description struct {
	serial int
	access access
	thing  *thing // nil for a file of which nothing is known
}

// nowhere is the description that an fd has which is not open.
var nowhere = new(description)

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
		return file{fd, nowhere}, false
	}
	return f[at], true
}

func (f files) with(fd int32, d *description) files {
	opened := file{fd, d}
	at, open := f.at(fd)
	more := append(make(files, 0, len(f)+1), f[:at]...)
	if open {
		return append(append(more, opened), f[at+1:]...)
	}
	return append(append(more, opened), f[at:]...)
}

// have reports whether an fd has the description.
func (f files) have(d *description) bool {
	return slices.ContainsFunc(f, func(o file) bool { return o.description == d })
}

func (f files) without(fd int32) files {
	at, open := f.at(fd)
	if !open {
		return f
	}
	return slices.Delete(slices.Clone(f), at, at+1)
}
