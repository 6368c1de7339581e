// Package browsertest opens the page of package explore in a real browser. It is a module of its own, so that nobody who
// uses bpfsim depends on what drives the browser.
package browsertest
