// Package skips is a user's package whose test does something only on the simulated kernel.
package skips
