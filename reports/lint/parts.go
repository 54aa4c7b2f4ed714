package lint

import (
	"archive/zip"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"cpd-jobs/reports/xmlscan"
)

// maxPart is how much of a small part is read.
const maxPart = 64 << 20

// decode reads a small part; one that is not there is empty.
func decode(z *zip.Reader, name string, into any) error {
	if name == "" {
		return nil
	}
	f, err := z.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if err := xml.NewDecoder(io.LimitReader(f, maxPart)).Decode(into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// stream hands a part to read, piece by piece.
func stream(z *zip.Reader, name string, read func(t *xmlscan.Scanner) error) error {
	f, err := z.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := read(xmlscan.New(f)); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// relation says what a part refers to.
type relation struct{ ID, Type, Target, Mode string }

func (r relation) is(kind string) bool { return strings.HasSuffix(r.Type, "/"+kind) }

// eachRelation hands over those of a part one by one, with targets within the archive as full names. A sheet has one
// for each of its links.
func eachRelation(z *zip.Reader, part string, take func(relation) error) error {
	dir, name := path.Split(part)
	err := stream(z, dir+"_rels/"+name+".rels", func(t *xmlscan.Scanner) error {
		return t.Each(func() error {
			if !t.Is("Relationship") {
				return nil
			}
			r := relation{ID: t.String("Id"), Type: t.String("Type"), Target: t.String("Target"), Mode: t.String("TargetMode")}
			switch {
			case r.Mode == "External":
			case strings.HasPrefix(r.Target, "/"):
				r.Target = r.Target[1:]
			default:
				r.Target = path.Join(dir, r.Target)
			}
			return take(r)
		})
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// relations are all of a part's.
func relations(z *zip.Reader, part string) (list []relation, err error) {
	err = eachRelation(z, part, func(r relation) error {
		list = append(list, r)
		return nil
	})
	return list, err
}
