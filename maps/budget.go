package maps

import (
	"math"
	"sync"
)

// Budget is the memory that the maps of a machine, and their BTF, may take together. It counts what Linux takes for them, and so what
// they answer does not depend on how they are built here: maps that Linux allocates at once are counted when they
// are made, those that grow by pieces of many elements.
type Budget struct {
	mu   sync.Mutex
	left uint64 // bytes
}

// NewBudget is a budget of so many bytes.
func NewBudget(bytes uint64) *Budget { return &Budget{left: bytes} }

// Open is what a map takes of the budget; nil, which has no bound, for no budget.
func (b *Budget) Open() *Account {
	if b == nil {
		return nil
	}
	return &Account{budget: b}
}

// Account is what one map or BTF has taken of a Budget. nil takes from nowhere.
type Account struct {
	budget *Budget
	taken  uint64
}

// Take takes so many bytes, or reports that they are not left.
func (a *Account) Take(bytes uint64) bool {
	if a == nil {
		return true
	}
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	if bytes > a.budget.left {
		return false
	}
	a.budget.left -= bytes
	a.taken += bytes
	return true
}

// Close gives everything back when the map is freed.
func (a *Account) Close() {
	if a == nil {
		return
	}
	a.budget.mu.Lock()
	defer a.budget.mu.Unlock()
	a.budget.left += a.taken
	a.taken = 0
}

// grantBytes is how much a map that grows takes at once.
const grantBytes = 256 << 10

// grant is for how many elements there is memory, from one to as many as are left to max.
func (a *Account) grant(element uint64, left uint32) (uint32, bool) {
	if a == nil {
		return left, true
	}
	n := uint32(min(max(grantBytes/element, 1), uint64(left), math.MaxUint32))
	if a.Take(element * uint64(n)) {
		return n, true
	}
	return 1, a.Take(element)
}
