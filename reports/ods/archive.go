package ods

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"

	"cpd-jobs/internal/deflate"
)

const mediaType = "application/vnd.oasis.opendocument.spreadsheet"

//go:embed parts/manifest.xml
var manifestXML []byte

//go:embed parts/styles.xml
var stylesXML []byte

//go:embed parts/settings.xml
var settingsXML []byte

// writeArchive writes the parts in their order. The type of the whole comes first, stored, so that programs find it at
// a fixed place.
func (w *Writer) writeArchive() error {
	z := zip.NewWriter(w.out)
	if err := store(z, "mimetype", []byte(mediaType)); err != nil {
		return err
	}
	for _, p := range []struct {
		name string
		data []byte
	}{
		{"META-INF/manifest.xml", manifestXML}, {"meta.xml", w.meta()}, {"settings.xml", settingsXML}, {"styles.xml", stylesXML},
	} {
		if err := join(z, p.name, segment{xml: p.data}); err != nil {
			return err
		}
	}
	if err := join(z, "content.xml", segment{xml: w.front()}, segment{packed: w.data, from: w.spill}, segment{xml: w.back()}); err != nil {
		return err
	}
	return z.Close()
}

// header is that of a part whose sizes are known before it is written, with the first time that a zip file can hold.
func header(name string, method uint16) *zip.FileHeader {
	const firstDay = 1<<5 | 1 // 1 January 1980
	h := &zip.FileHeader{Name: name, Method: method, CreatorVersion: 20, ReaderVersion: 20}
	h.ModifiedDate = firstDay //lint:ignore SA1019 CreateRaw writes this one; Modified would add a field, which mimetype must not have
	return h
}

func store(z *zip.Writer, name string, data []byte) error {
	h := header(name, zip.Store)
	h.CRC32, h.UncompressedSize64, h.CompressedSize64 = crc32.ChecksumIEEE(data), uint64(len(data)), uint64(len(data))
	out, err := z.CreateRaw(h)
	if err != nil {
		return err
	}
	_, err = out.Write(data)
	return err
}

// segment is a stretch of a part: XML, or what was compressed before.
type segment struct {
	xml    []byte
	packed *deflate.Writer
	from   io.Reader
}

// join writes a part that consists of segments.
func join(z *zip.Writer, name string, segments ...segment) error {
	h := header(name, zip.Deflate)
	for i := range segments {
		s := &segments[i]
		if s.packed == nil {
			if err := s.pack(); err != nil {
				return fmt.Errorf("compress %s: %w", name, err)
			}
		}
		h.CRC32 = deflate.JoinCRC(h.CRC32, s.packed.CRC(), s.packed.Size())
		h.UncompressedSize64 += uint64(s.packed.Size())
		h.CompressedSize64 += uint64(s.packed.Packed())
	}
	h.CompressedSize64 += uint64(len(deflate.End))
	out, err := z.CreateRaw(h)
	if err != nil {
		return err
	}
	for _, s := range append(segments, segment{from: bytes.NewReader(deflate.End)}) {
		if _, err := io.Copy(out, s.from); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	return nil
}

// pack compresses the XML.
func (s *segment) pack() error {
	var out bytes.Buffer
	s.packed, s.from = deflate.NewWriter(&out, level), &out
	_, err := s.packed.Write(s.xml)
	return errors.Join(err, s.packed.Close())
}

// meta has the document's properties.
func (w *Writer) meta() []byte {
	doc := w.book.Doc
	made := doc.Made.UTC().Format(time.RFC3339)
	var x xml
	x.raw(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" +
		`<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"` +
		` xmlns:dc="http://purl.org/dc/elements/1.1/" office:version="1.3"><office:meta>`)
	for _, property := range [][2]string{
		{"meta:generator", "cpd-jobs"}, {"dc:title", doc.Title}, {"dc:subject", doc.About}, {"meta:initial-creator", doc.Publisher},
		{"dc:creator", doc.Publisher}, {"meta:creation-date", made}, {"dc:date", made}, {"dc:language", "en-GB"},
	} {
		x.raw("<" + property[0] + ">")
		x.attribute(property[1])
		x.raw("</" + property[0] + ">")
	}
	x.raw(`</office:meta></office:document-meta>`)
	return x.b
}
