// Package kerneltest is how tests ask for the running kernel.
package kerneltest
