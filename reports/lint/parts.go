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
)

// maxPart is how much of a small part is read.
const maxPart = 64 << 20

// decode reads a small part; one that is not there is empty.
func decode(z *zip.Reader, name string, into any) error {
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
func stream(z *zip.Reader, name string, read func(t *tokens) error) error {
	f, err := z.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := read(newTokens(f)); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// relation says what a part refers to.
type relation struct {
	ID     string `xml:"Id,attr"`
	Type   string `xml:"Type,attr"`
	Target string `xml:"Target,attr"`
	Mode   string `xml:"TargetMode,attr"`
}

func (r relation) is(kind string) bool { return strings.HasSuffix(r.Type, "/"+kind) }

// relations are those of a part, with targets within the archive as full names.
func relations(z *zip.Reader, part string) ([]relation, error) {
	dir, name := path.Split(part)
	var all struct {
		List []relation `xml:"Relationship"`
	}
	if err := decode(z, dir+"_rels/"+name+".rels", &all); err != nil {
		return nil, err
	}
	for i, r := range all.List {
		switch {
		case r.Mode == "External":
		case strings.HasPrefix(r.Target, "/"):
			all.List[i].Target = r.Target[1:]
		default:
			all.List[i].Target = path.Join(dir, r.Target)
		}
	}
	return all.List, nil
}
