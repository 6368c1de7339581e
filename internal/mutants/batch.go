package main

import (
	"os"
	"path/filepath"
)

// batch is mutants in one build.
type batch struct {
	files map[string]string // texts in place of the module's
	woven bool              // there is an original, too, asked for with the number 0
}

// planted is a mutant in its batch.
type planted struct {
	Mutant
	*batch
	number int
}

// plan plants the mutants: those of a package together, as far as they can be woven into it.
func plan(root string, all []Mutant) ([]planted, error) {
	together := map[string]*batch{}
	changes := map[string][]change{}
	texts := map[string]string{}
	var plans []planted
	for i, m := range all {
		if m.Equivalent != "" {
			plans = append(plans, planted{Mutant: m})
			continue
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.File)))
		if err != nil {
			return nil, err
		}
		changed, err := m.Plant(string(text))
		if err != nil {
			return nil, err
		}
		c, ok := isolate(string(text), changed, i+1)
		if !ok {
			plans = append(plans, planted{m, &batch{files: map[string]string{m.File: changed}}, 0})
			continue
		}
		if together[m.Package()] == nil {
			together[m.Package()] = &batch{files: map[string]string{}, woven: true}
		}
		texts[m.File], changes[m.File] = string(text), append(changes[m.File], c)
		plans = append(plans, planted{m, together[m.Package()], i + 1})
	}
	return plans, finish(plans, texts, changes)
}

// finish writes the woven files of the batches.
func finish(plans []planted, texts map[string]string, changes map[string][]change) error {
	for _, p := range plans {
		if p.batch == nil || !p.woven || p.files[p.File] != "" {
			continue
		}
		woven, err := weave(texts[p.File], changes[p.File])
		if err != nil {
			return err
		}
		p.files[p.File] = woven
		at, declared, err := numbered(p.File, woven)
		if err != nil {
			return err
		}
		p.files[at] = declared
	}
	return nil
}
