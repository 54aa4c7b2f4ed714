package store

import "cpd-jobs/internal/clock"

// SetNow sets the clock of a store in a bucket.
func SetNow(s Store, now clock.Now) { s.(*s3).now = now }

// PartSize is how much of a file a bucket is sent at a time.
const PartSize = partSize
