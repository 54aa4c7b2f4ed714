package parquet

import (
	"errors"
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"

	"cpd-jobs/reports/table"
)

// schemaOf names and types the columns in their order, as the database has them.
func schemaOf(doc table.Document) (*parquet.Schema, error) {
	if len(doc.Columns) == 0 {
		return nil, errors.New("a Parquet file needs a column")
	}
	group := parquet.Group{}
	for _, c := range doc.Columns {
		if _, twice := group[c.Name]; twice {
			return nil, fmt.Errorf("two columns are called %q", c.Name)
		}
		group[c.Name] = nodeOf(c.Type, slices.Contains(doc.Key, c.Name))
	}
	root := &ordered{Group: group}
	for _, c := range doc.Columns {
		at := slices.IndexFunc(group.Fields(), func(f parquet.Field) bool { return f.Name() == c.Name })
		root.fields = append(root.fields, group.Fields()[at])
	}
	return parquet.NewSchema(doc.Name, root), nil
}

// ordered is a group whose fields are in an order of our own; the library's go by the alphabet.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

func (o *ordered) Fields() []parquet.Field { return o.fields }

// nodeOf is the type of a column. Texts go through a dictionary, as most have few values; those of a key are all
// different. Neighbouring times differ by little.
func nodeOf(t table.Type, key bool) parquet.Node {
	switch t {
	case table.Integer:
		return parquet.Optional(parquet.Int(32))
	case table.Decimal:
		return parquet.Optional(parquet.Leaf(parquet.DoubleType))
	case table.Boolean:
		return parquet.Optional(parquet.Leaf(parquet.BooleanType))
	case table.Timestamp:
		return parquet.Optional(parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked))
	case table.Date:
		return parquet.Optional(parquet.Date())
	case table.List:
		return parquet.List(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
	}
	if key {
		return parquet.Optional(parquet.String())
	}
	return parquet.Optional(parquet.Encoded(parquet.String(), &parquet.RLEDictionary))
}
