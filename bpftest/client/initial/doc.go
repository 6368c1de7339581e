// Package initial makes calls as it is initialised, before bpftest.Main.
package initial
