package definition

// Lineage is what one column of a report is made from and where it goes.
type Lineage struct {
	Sources []string `json:"sources"` // schema.table.column
	Column  string   `json:"column"`  // of the report's table
	Heading string   `json:"heading"` // of the column in files
}

// Lineage lists it for every column, in their order. One without sources is made by the refresh itself.
func (d *Definition) Lineage() []Lineage {
	list := make([]Lineage, len(d.Columns))
	for i, c := range d.Columns {
		list[i] = Lineage{Sources: append([]string{}, c.Sources...), Column: c.Name, Heading: c.Title}
	}
	return list
}
