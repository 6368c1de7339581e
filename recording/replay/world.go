package replay

import (
	"strings"

	"github.com/bpfsim/bpfsim/syscall"
)

// world is what there is beside the kernel, by the names that recordings give it.
type world struct {
	files    map[string]*bpfsys.File
	objects  map[string]bpfsys.Object // of files and pins
	pins     map[string][]*bpfsys.File
	vanished map[string]bool
}

func newWorld() world {
	return world{files: map[string]*bpfsys.File{}, objects: map[string]bpfsys.Object{}, pins: map[string][]*bpfsys.File{}, vanished: map[string]bool{}}
}

// put takes over a file that got its first fd, or another one.
func (w *world) put(name string, f *bpfsys.File) {
	if w.files[name] != nil {
		f.Release()
		return
	}
	w.files[name] = f
	w.objects[objectName(name)] = f.Object()
}

// objectName is the name of a file's object.
func objectName(file string) string {
	return strings.TrimSuffix(strings.TrimSuffix(file, ":r"), ":w")
}

// gone closes a file.
func (w *world) gone(name string) {
	if f := w.files[name]; f != nil {
		delete(w.files, name)
		f.Release()
	}
}

// pin keeps an object by a name in the file system.
func (w *world) pin(o bpfsys.Object) {
	for name, known := range w.objects {
		if known == o {
			o.Hold()
			w.pins[name] = append(w.pins[name], bpfsys.NewFile(o, bpfsys.ReadWrite))
			return
		}
	}
}

// unpinned takes such a name away.
func (w *world) unpinned(name string) {
	if pins := w.pins[name]; len(pins) > 0 {
		w.pins[name] = pins[1:]
		pins[0].Release()
	}
}

// lasting reports that something vanishes, and when it has.
func (w *world) lasting(number string) func() bool {
	if number == "" || number == "never" {
		return nil
	}
	return func() bool { return w.vanished[number] }
}
