package deflate

import "hash/crc32"

// JoinCRC is the checksum of two texts one after the other, from the checksum of each and the length of the second.
// Adding a zero bit is a linear map of the checksum's bits; the map for many is squared together, as zlib does it.
func JoinCRC(first, second uint32, length int64) uint32 {
	var odd, even matrix
	odd[0] = crc32.IEEE // one zero bit
	for i := 1; i < len(odd); i++ {
		odd[i] = 1 << (i - 1)
	}
	even.square(&odd) // two
	odd.square(&even) // four
	for now, next := &even, &odd; length > 0; now, next = next, now {
		now.square(next) // a zero byte, then two, four ...
		if length&1 != 0 {
			first = now.times(first)
		}
		length >>= 1
	}
	return first ^ second
}

// matrix is a linear map of 32 bits, a column a bit.
type matrix [32]uint32

func (m *matrix) times(v uint32) (sum uint32) {
	for i := 0; v != 0; i, v = i+1, v>>1 {
		if v&1 != 0 {
			sum ^= m[i]
		}
	}
	return sum
}

func (m *matrix) square(of *matrix) {
	for i := range m {
		m[i] = of.times(of[i])
	}
}
