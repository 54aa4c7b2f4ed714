package uplift

import "strings"

// code is a URN or a district's code, the rest zeros.
type code [9]byte

func (c code) String() string { return strings.TrimRight(string(c[:]), "\x00") }

// kept is a row that waits to be staged. It is small and has no pointers, so that even a file with every URN that there
// can be takes little; a hostile one has no more.
type kept struct {
	key      code
	line     int32
	premium  bool
	sparsity bool
	silent   bool // the file says nothing of sparsity
}

// rows are what was read, each key once.
type rows struct {
	list  []kept
	at    map[code]int32
	names map[code]string // of districts
}

// put adds a row, or puts it in the place of the one with the same key, which it returns.
func (r *rows) put(x row) (earlier kept, twice bool) {
	if r.at == nil {
		r.at, r.names = map[code]int32{}, map[code]string{}
	}
	k := kept{line: int32(x.line), premium: x.premium, silent: x.sparsity == nil}
	copy(k.key[:], x.key)
	k.sparsity = x.sparsity != nil && *x.sparsity
	if x.name != "" {
		r.names[k.key] = x.name
	}
	at, twice := r.at[k.key]
	if !twice {
		r.at[k.key] = int32(len(r.list))
		r.list = append(r.list, k)
		return kept{}, false
	}
	earlier, r.list[at] = r.list[at], k
	return earlier, true
}

// values are a row's as they are staged: line, key, name, premium, sparsity.
func (r *rows) values(i int) []any {
	k := r.list[i]
	var sparsity any
	if !k.silent {
		sparsity = k.sparsity
	}
	return []any{k.line, k.key.String(), r.names[k.key], k.premium, sparsity}
}

// flags writes a row's flags as the file does.
func (k kept) flags() string {
	digit := map[bool]string{true: "1", false: "0"}
	if k.silent {
		return digit[k.premium]
	}
	return digit[k.premium] + "," + digit[k.sparsity]
}
