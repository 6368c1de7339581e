// Package generator draws programs and scenarios: from a seed, or from rapid, which shrinks them. Most calls are valid and
// meet on few keys; some are corrupted, so that the kernel's checks compete. It does not know what the calls will answer.
package generator
