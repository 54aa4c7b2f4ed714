package parquet

import (
	"runtime"

	"github.com/klauspost/compress/zstd"
	codec "github.com/parquet-go/parquet-go/compress/zstd"
)

// pageSize is how much of a column is encoded and compressed at a time. A column that goes through a dictionary may put
// thousands of new texts into it before it is seen that they are too many: bigger pages cost memory there.
const pageSize = 32 << 10

// compressor is the library's codec with less memory: its own keeps a history of 16 MiB a core for pages of a few
// kilobytes.
type compressor struct {
	codec.Codec
	encoder *zstd.Encoder
}

func newCompressor() (*compressor, error) {
	const window = 1 << 20 // no page is bigger, but for a text that is by itself
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithEncoderLevel(zstd.SpeedDefault),
		zstd.WithWindowSize(window), zstd.WithLowerEncoderMem(true), zstd.WithZeroFrames(true), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	return &compressor{encoder: encoder}, nil
}

// Encode compresses a page. It may be called on several cores at once.
func (c *compressor) Encode(dst, src []byte) ([]byte, error) {
	return c.encoder.EncodeAll(src, dst[:0]), nil
}
