package format

// seenURNs notices a URN that comes twice. URNs have six digits at most, so that a bit for each costs 125 kB.
type seenURNs struct {
	bits     []uint64
	repeated bool
}

func (s *seenURNs) add(urn []byte) {
	if s.bits == nil {
		s.bits = make([]uint64, 1_000_000/64+1)
	}
	n := decimal(urn)
	if s.bits[n/64]&(1<<(n%64)) != 0 {
		s.repeated = true
	}
	s.bits[n/64] |= 1 << (n % 64)
}
